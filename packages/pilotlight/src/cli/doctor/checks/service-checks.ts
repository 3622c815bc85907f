import { readFile, stat } from "node:fs/promises";
import { findClaude } from "../../../claude/build/find-claude.ts";
import { locate } from "../../../claude/locations.ts";
import { machineCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import { directiveIn } from "../scan/claude-in-line.ts";
import { type ServiceUnit, serviceUnit } from "../service-unit.ts";
import type { World } from "../world.ts";

/** systemd's own, where a unit sets none. */
const SYSTEMD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The surroundings of a service beside those of the login. */
interface ServiceFacts {
  readonly unit: string;
  readonly user: string;
  /** `null` for a user that this machine does not know. */
  readonly uid: number | null;
  readonly home: string | null;
  readonly shell: string;
  /** Where Claude Code would look for the login there, and here. */
  readonly store: string | null;
  readonly ownStore: string;
  readonly isStoreThere: boolean;
  /** Of the store there; `null` when it is not there. */
  readonly storeOwner: number | null;
  readonly storeMode: number;
  readonly isClaudeFound: boolean;
  readonly credentials: readonly string[];
  /** Directives that take the login's place away from the service. */
  readonly walls: readonly string[];
}

/** Whether a service sees the login that a person sees. */
export const serviceChecks = [
  machineCheck({
    id: "service-environment",
    title: "the service finds the same login, Claude Code and user",
    fm: ["FM-30", "FM-36", "FM-44", "FM-51"],
    gather: async (world: World) => {
      if (world.service === null) return null;
      return serviceFacts(await serviceUnit(world.service, world), world);
    },
    judge: judgeService,
  }),
] as const;

async function serviceFacts(unit: ServiceUnit, world: World): Promise<ServiceFacts> {
  const { config } = world;
  const named = unit.isUserUnit ? null : (directiveIn(unit.file, "User")?.value ?? "root");
  const account = named === null ? null : await accountOf(named);
  const uid = named === null ? world.uid : (account?.uid ?? null);
  const home = unit.env["HOME"] ?? (named === null ? config.home : (account?.home ?? null));
  const nowhere = { dir: null, credentialsFile: null };
  const store = home === null ? null : locate(nowhere, unit.env, home).credentialsFile;
  const stats = store === null ? null : await stat(store).catch(() => null);
  const [first] = world.logins;
  const path = unit.env["PATH"] ?? SYSTEMD_PATH;
  const isNpx = /^npx\s/.test(config.claude.trim());
  const found =
    isNpx || (await findClaude(config.claude, { ...unit.env, PATH: path }).catch(() => null));
  return {
    unit: unit.path,
    user: named ?? "you",
    uid,
    home,
    shell: account?.shell ?? "",
    store,
    ownStore: first?.state.locations.credentialsFile ?? "",
    isStoreThere: stats !== null,
    storeOwner: stats?.uid ?? null,
    storeMode: stats === null ? 0 : stats.mode & 0o777,
    isClaudeFound: found !== null,
    credentials: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"].filter(
      (name) => (unit.env[name] ?? "") !== "",
    ),
    walls: wallsIn(unit, store),
  };
}

function wallsIn({ file }: ServiceUnit, store: string | null): readonly string[] {
  const value = (name: string) => directiveIn(file, name)?.value ?? "";
  const isInHome = /^\/(home|root|run\/user)\//.test(store ?? "");
  const opened = value("ReadWritePaths")
    .split(/\s+/)
    .map((path) => path.replace(/^[-+]+/, ""));
  const isOpened = opened.some((path) => path !== "" && store?.startsWith(`${path}/`) === true);
  const walls: string[] = [];
  const home = value("ProtectHome");
  if (isInHome && /^(yes|true|on|1|tmpfs)$/i.test(home)) walls.push(`ProtectHome=${home}`);
  if (isInHome && home === "read-only" && !isOpened) walls.push(`ProtectHome=${home}`);
  const system = value("ProtectSystem");
  if (system === "strict" && !isOpened) walls.push(`ProtectSystem=${system}`);
  if (/^(yes|true|on|1)$/i.test(value("DynamicUser"))) walls.push("DynamicUser=yes");
  return walls;
}

function judgeService(facts: ServiceFacts | null): readonly Finding[] {
  if (facts === null)
    return [skipped("name a unit with --as-service to compare it with this user")];
  const { unit, user, uid, home, store, ownStore } = facts;
  if (uid === null || home === null) {
    const what = `${unit}: this machine does not know the user ${user}`;
    return [failure("no_credential", what, { fix: "correct User=", command: null })];
  }
  const findings = [...storeFindings(facts, uid), ...aroundFindings(facts)];
  if (findings.length > 0) return findings;
  return [
    ok(`${unit}: uid ${uid}, HOME ${home}, ${store === ownStore ? "the same store" : store}`),
  ];
}

function storeFindings(facts: ServiceFacts, uid: number): Finding[] {
  const { unit, user, store, ownStore, isStoreThere, storeOwner, storeMode } = facts;
  const findings: Finding[] = [];
  if (!isStoreThere) {
    const fix = `sign in as ${user}, or set Environment=CLAUDE_CONFIG_DIR=… in the unit`;
    findings.push(failure("no_credential", `${unit}: it looks for the login in ${store}`, { fix }));
  } else if (store !== ownStore) {
    const what = `${unit}: it uses ${store}, and you look at ${ownStore}`;
    findings.push(note(what, "set CLAUDE_CONFIG_DIR alike if it should be the same login"));
  }
  if (storeOwner !== null && uid !== 0 && storeOwner !== uid) {
    const what = `${unit}: it runs as uid ${uid}, and ${store} belongs to uid ${storeOwner}`;
    const isReadable = (storeMode & 0o044) !== 0;
    findings.push(
      isReadable
        ? warning(what, "set User= to the owner: what it refreshes would change hands")
        : failure("credential_unreadable", what, { fix: "set User= to the owner" }),
    );
  }
  return findings;
}

function aroundFindings(facts: ServiceFacts): Finding[] {
  const { unit, user, shell, isClaudeFound, credentials, walls } = facts;
  const findings: Finding[] = [];
  if (!isClaudeFound) {
    const fix = "name it in the unit: Environment=PILOTLIGHT_CLAUDE=/path/to/claude, or set PATH";
    findings.push(failure("cli_not_found", `${unit}: its PATH has no Claude Code`, { fix }));
  }
  for (const name of credentials) {
    const what = `${unit}: sets ${name}, which wins over a stored login`;
    findings.push(warning(what, "remove it unless it is meant to pay"));
  }
  for (const wall of walls) {
    const what = `${unit}: ${wall} keeps the service from writing its login and locks`;
    findings.push(warning(what, "add the config directory and its parent to ReadWritePaths="));
  }
  if (/(nologin|false)$/.test(shell)) {
    const what = `${unit}: ${user} has the shell ${shell}, with which claude -p was seen to end with nothing`;
    findings.push(
      note(what, "start jobs through pilotlight run, which takes silence for a failure"),
    );
  }
  return findings;
}

interface Account {
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

/** By name or number, from /etc/passwd: asking the system for others would start a process. */
async function accountOf(user: string): Promise<Account | null> {
  const text = await readFile("/etc/passwd", "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const [name, , uid, , , home = "", shell = ""] = line.split(":");
    if (name === user || uid === user) return { uid: Number(uid), home, shell };
  }
  return null;
}
