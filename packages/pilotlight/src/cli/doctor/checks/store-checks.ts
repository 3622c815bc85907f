import { join } from "node:path";
import { credentialsFile } from "../../../claude/credentials-file.ts";
import type { Credential, Entry } from "../../../core/credential.ts";
import { isBlanked, mayInfer } from "../../../core/credential.ts";
import { isObject } from "../../../core/json-object.ts";
import type { LoginStatus } from "../../../core/login-status.ts";
import { tokenFlaw, type TokenFlaw } from "../../../core/token-flaw.ts";
import { readDocument } from "../../../disk/read-document.ts";
import { loginCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import type { LoginWorld } from "../world.ts";

const ABSENT = "there is no login to look at";

/** What stands in a login's store. */
export const storeChecks = [
  loginCheck({
    id: "store-readable",
    title: "the credential is there and can be read",
    fm: ["FM-28", "FM-29", "FM-32"],
    gather: ({ entry, status, effective, machine }: LoginWorld) => ({
      entry,
      path: status.path ?? "",
      standIn: effective.source === "none" ? null : effective.source,
      isKeychain: machine.platform === "darwin",
    }),
    judge: storeReadable,
  }),
  loginCheck({
    id: "store-shape",
    title: "the credential has what a refresh needs",
    fm: ["FM-10", "FM-12", "FM-15", "FM-33", "FM-34"],
    gather: ({ entry, status, record }: LoginWorld) => ({ entry, status, spent: record.spent }),
    judge: storeShape,
  }),
  loginCheck({
    id: "stored-tokens",
    title: "the stored tokens look like tokens",
    fm: ["FM-49", "FM-50"],
    gather: ({ state }: LoginWorld) => storedFlaws(state.locations.credentialsFile),
    judge: (flaws: readonly TokenFlaw[] | null) => {
      if (flaws === null) return [skipped(ABSENT)];
      const command = { command: "pilotlight login" };
      return flaws.length === 0
        ? [ok("their prefixes are right, and nothing is between them")]
        : flaws.map(({ text }) => warning(`the stored ${text}`, "sign in again", command));
    },
  }),
  loginCheck({
    id: "two-stores",
    title: "no other store holds the same login, or one that could be taken for it",
    fm: ["FM-11", "FM-38", "FM-51"],
    gather: otherStores,
    judge: twoStores,
  }),
];

function storeReadable(facts: {
  readonly entry: Entry;
  readonly path: string;
  readonly standIn: string | null;
  readonly isKeychain: boolean;
}): readonly Finding[] {
  const { entry, path, standIn } = facts;
  switch (entry.state) {
    case "present":
      return [ok(path)];
    case "unreadable":
      return [failure(entry.code, entry.reason)];
    case "absent":
      if (facts.isKeychain)
        return [skipped("no file; the macOS Keychain is not read by Pilotlight")];
      return standIn === null
        ? [failure("no_credential", `${path} holds no login`)]
        : [note(`${path} holds no login, and jobs use ${standIn}`)];
  }
}

function storeShape(facts: {
  readonly entry: Entry;
  readonly status: LoginStatus;
  readonly spent: readonly string[];
}): readonly Finding[] {
  const { entry, status, spent } = facts;
  if (entry.state !== "present") return [skipped(ABSENT)];
  const { credential } = entry;
  const refresh = credential.refreshToken?.fingerprint;
  const isMendable = status.refreshable;
  if (isBlanked(credential)) {
    const what = "its tokens were blanked, as Claude Code does after a rejected refresh";
    return [isMendable ? mendable(what) : failure("login_blanked", what)];
  }
  if (refresh !== undefined && spent.includes(refresh)) {
    if (status.phase === "ended") {
      const what = `the server rejected its refresh token ${refresh}: this login has ended`;
      return [failure("login_ended", what)];
    }
    const what = `its refresh token ${refresh} was already used: a restored backup or a stale copy`;
    return [isMendable ? mendable(what) : failure("refresh_token_spent", what)];
  }
  const findings = missingIn(credential, status);
  return findings.length > 0 ? findings : [ok("both tokens, an end and its scopes are there")];
}

function mendable(what: string): Finding {
  const fix = "the last good generation was never used and can be put back";
  return warning(what, fix, { command: "pilotlight doctor --fix", repair: "finish-refresh" });
}

function missingIn(credential: Credential, status: LoginStatus): readonly Finding[] {
  const findings: Finding[] = [];
  const renew = { command: "pilotlight refresh" };
  if (credential.refreshToken === null) {
    findings.push(
      warning("it has no refresh token", "sign in here, unless somebody else renews this file"),
    );
  }
  if (credential.accessToken === null) {
    findings.push(warning("it has no access token", "a refresh brings one", renew));
  }
  if (credential.expiresAt === null) {
    findings.push(warning("it does not say when its access token ends", "refresh it", renew));
  }
  if (status.action?.code === "expires_at_in_seconds") {
    findings.push(warning("expiresAt is in seconds, not milliseconds", "refresh it", renew));
  }
  if (credential.accessToken !== null && !mayInfer(credential)) {
    const what = "its scopes lack user:inference: Claude Code says that it is not logged in";
    const command = "pilotlight login";
    findings.push(failure("scope_missing", what, { command, fm: ["FM-34"] }));
  }
  return findings;
}

/** Reads the tokens only to look at their form; they do not leave this function. */
async function storedFlaws(path: string): Promise<readonly TokenFlaw[] | null> {
  const document = await readDocument(path);
  if (document.kind !== "text" || credentialsFile.parse(document.text).state !== "present") {
    return null;
  }
  const value: unknown = JSON.parse(document.text);
  const login = isObject(value) ? value["claudeAiOauth"] : null;
  const flaws = [
    ["accessToken", "oauth-access"],
    ["refreshToken", "oauth-refresh"],
  ] as const;
  return flaws.flatMap(([key, kind]) => {
    const token = isObject(login) ? login[key] : null;
    const isThere = typeof token === "string" && token.trim() !== "";
    const flaw = isThere ? tokenFlaw(token, kind, false) : null;
    return flaw === null ? [] : [{ ...flaw, text: `${key} ${flaw.text}` }];
  });
}

interface OtherStores {
  readonly own: Credential | null;
  readonly others: readonly { readonly path: string; readonly credential: Credential }[];
}

async function otherStores({ entry, state, machine }: LoginWorld): Promise<OtherStores> {
  const { credentialsFile: own, configDir } = state.locations;
  const { CLAUDE_SECURESTORAGE_CONFIG_DIR: secure } = machine.env;
  const directories = [
    configDir,
    join(machine.config.home, ".claude"),
    ...(secure ? [secure] : []),
  ];
  const paths = new Set(directories.map((directory) => join(directory, ".credentials.json")));
  const ownDocument = await readDocument(own);
  const ownTarget = ownDocument.kind === "text" ? ownDocument.target : own;
  const others: { path: string; credential: Credential }[] = [];
  for (const path of paths) {
    const document = await readDocument(path);
    if (document.kind !== "text" || path === own || document.target === ownTarget) continue;
    const found = credentialsFile.parse(document.text);
    if (found.state === "present") others.push({ path, credential: found.credential });
  }
  return { own: entry.state === "present" ? entry.credential : null, others };
}

function twoStores({ own, others }: OtherStores): readonly Finding[] {
  if (others.length === 0) return [ok("no other store is in sight")];
  return others.map(({ path, credential }) => {
    const refresh = own?.refreshToken?.fingerprint;
    if (refresh !== undefined && refresh === credential.refreshToken?.fingerprint) {
      const what = `${path} holds a copy of this login: whichever is refreshed first kills the other`;
      return warning(what, "keep one store, and sign in again where a second one is needed");
    }
    const what = `${path} holds another login, or another generation of this one`;
    return note(what, "jobs without the same CLAUDE_CONFIG_DIR use that one");
  });
}
