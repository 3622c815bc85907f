import { readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { isObject } from "../../../core/json-object.ts";
import { readDocument } from "../../../disk/read-document.ts";
import { type Mount, mountOf } from "../../../stores/mount.ts";
import { loginCheck, machineCheck } from "../doctor-check.ts";
import { type Finding, ok, skipped, warning } from "../finding.ts";
import type { LoginWorld, World } from "../world.ts";

interface ConfiguredLogin {
  readonly name: string;
  /** Where its store really is. */
  readonly target: string;
  readonly refresh: string | null;
}

const NETWORK = /^(nfs\d?|cifs|smb\w*|9p|virtiofs|ceph|glusterfs|lustre|afs|fuse\..*)$/;

/** One login in more than one place. */
export const copyChecks = [
  machineCheck({
    id: "login-copies",
    title: "every configured login is one of its own",
    fm: ["FM-11", "FM-12"],
    gather: configuredLogins,
    judge: loginCopies,
  }),
  loginCheck({
    id: "shared-store",
    title: "the store is not shared with other hosts",
    fm: ["FM-11", "FM-18"],
    gather: async ({ state, machine }: LoginWorld) => {
      const path = await realpath(dirname(state.locations.credentialsFile)).catch(() => null);
      return path === null ? null : { path, ...mountsOf(machine.mounts, path, machine.config) };
    },
    judge: (facts) => {
      if (facts === null) return [skipped("there is no directory")];
      const { path, type, isStateBeside } = facts;
      if (type === null) return [skipped("this system does not tell its mounts")];
      if (!NETWORK.test(type)) return [ok(`on ${type}`)];
      const what = `${path} is on ${type}: whoever shares it shares the login and its locks`;
      return isStateBeside
        ? [ok(`on ${type}, with the state directory beside it`)]
        : [
            warning(
              `${what}, but not the journal of Pilotlight`,
              "give each host a login of its own, or let one host do all refreshing",
            ),
          ];
    },
  }),
  loginCheck({
    id: "account-identity",
    title: "the stored login is of the account that Claude Code shows",
    fm: ["FM-52"],
    gather: identities,
    judge: ({ stored, shown }) => {
      if (stored === null || shown === null) {
        return [skipped("the files do not both name an account")];
      }
      return stored === shown
        ? [ok("both files name the same account")]
        : [
            warning(
              ".claude.json names another account than the credential: who is shown is not who pays",
              "keep one config directory per account, and sign in again in this one",
              { command: "pilotlight login" },
            ),
          ];
    },
  }),
] as const;

async function configuredLogins({ logins }: World): Promise<readonly ConfiguredLogin[]> {
  return Promise.all(
    logins.map(async ({ login, state, entry }) => {
      const path = state.locations.credentialsFile;
      const target = await realpath(path).catch(() => path);
      const token = entry.state === "present" ? entry.credential.refreshToken : null;
      return { name: login.name, target, refresh: token?.fingerprint ?? null };
    }),
  );
}

function loginCopies(logins: readonly ConfiguredLogin[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [index, one] of logins.entries()) {
    for (const other of logins.slice(index + 1)) {
      const both = `${one.name} and ${other.name}`;
      if (one.target === other.target) {
        const what = `${both} are the same file: each would keep a journal and a stage of its own`;
        findings.push(warning(what, "configure it once"));
      } else if (one.refresh !== null && one.refresh === other.refresh) {
        const what = `${both} hold the same refresh token ${one.refresh}: the first refresh ends the other`;
        findings.push(warning(what, "sign in separately for each"));
      }
    }
  }
  return findings.length > 0 ? findings : [ok(`${logins.length} looked at`)];
}

function mountsOf(
  mounts: readonly Mount[],
  path: string,
  { stateDir }: World["config"],
): { readonly type: string | null; readonly isStateBeside: boolean } {
  const own = mountOf(mounts, path);
  return {
    type: own?.type ?? null,
    isStateBeside: own !== null && mountOf(mounts, stateDir) === own,
  };
}

/** Ids of accounts are no secrets, but they are not shown either. */
async function identities({ state }: LoginWorld) {
  const document = await readDocument(state.locations.credentialsFile);
  const login = document.kind === "text" ? objectIn(document.text, "claudeAiOauth") : null;
  const path = state.locations.stateFile;
  const text = await readFile(path, "utf8").catch(() => "");
  const account = objectIn(text, "oauthAccount");
  return { stored: idOf(login?.["accountUuid"]), shown: idOf(account?.["accountUuid"]) };
}

function objectIn(text: string, key: string) {
  try {
    const value: unknown = JSON.parse(text);
    const inner = isObject(value) ? value[key] : null;
    return isObject(inner) ? inner : null;
  } catch {
    return null;
  }
}

function idOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
