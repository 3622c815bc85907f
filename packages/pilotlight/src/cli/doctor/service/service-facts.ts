import { access, constants, stat } from "node:fs/promises";
import { findClaude } from "../../../claude/build/find-claude.ts";
import { type Environment, locate } from "../../../claude/locations.ts";
import { PilotlightError } from "../../../core/errors.ts";
import { type Config, readConfig } from "../../config.ts";
import type { World } from "../world.ts";
import { accountOf } from "./account.ts";
import type { ServiceUnit } from "./service-unit.ts";
import type { UnitFile } from "./unit-file.ts";
import { unitLogins } from "./unit-logins.ts";

/** systemd's own, where a unit sets none. */
const SYSTEMD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The surroundings of a service beside those of the logins. */
export interface ServiceFacts {
  readonly unit: string;
  readonly user: string;
  /** `null` for a user that this machine does not know. */
  readonly uid: number | null;
  readonly home: string | null;
  readonly shell: string;
  /** True where its home is closed to us: nothing in it can be told. */
  readonly isHidden: boolean;
  /** Why its configuration or its `--login` is refused. */
  readonly trouble: PilotlightError | null;
  /** Where it looks for its logins, and where we do. */
  readonly stores: readonly ServiceStore[];
  readonly ownStores: readonly string[];
  /** What starts Claude Code there; `null` where that cannot be told. */
  readonly claude: string | null;
  readonly isClaudeFound: boolean;
  readonly credentials: readonly string[];
  /** Directives that take the login's place away from the service. */
  readonly walls: readonly string[];
}

/** The credential file of one login. */
export interface ServiceStore {
  readonly path: string;
  /** As its configuration has it; `null` where that names none. */
  readonly dir: string | null;
  readonly isThere: boolean;
  /** `null` when it is not there. */
  readonly owner: number | null;
  readonly mode: number;
}

/** Looks at what a service meets: its user, its configuration, the stores it uses, and what stands around them. */
export async function serviceFacts(unit: ServiceUnit, world: World): Promise<ServiceFacts> {
  const { isUserUnit, file } = unit;
  const named = isUserUnit ? null : (file.values("User").at(-1) ?? "root");
  const account = named === null ? null : await accountOf(named);
  const home = unit.env["HOME"] || (named === null ? world.config.home : (account?.home ?? null));
  const isHidden = home !== null && (await isClosed(home));
  const env = { PATH: SYSTEMD_PATH, ...unit.env, ...(home === null ? {} : { HOME: home }) };
  const isKnown = home !== null && !isHidden;
  const found = isKnown ? await configured(unit, env, home) : NOTHING;
  return {
    unit: unit.path,
    user: named ?? "you",
    uid: named === null ? world.uid : (account?.uid ?? null),
    home,
    shell: account?.shell ?? "",
    isHidden,
    trouble: found.trouble,
    stores: await Promise.all(found.places.map(storeAt)),
    ownStores: world.logins.map(({ state }) => state.locations.credentialsFile),
    claude: found.claude,
    isClaudeFound: found.claude !== null && (await canFind(found.claude, env)),
    credentials: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"].filter(
      (name) => (unit.env[name] ?? "") !== "",
    ),
    walls: wallsIn(file, found.places),
  };
}

/** A home that is not there is not closed: that is for the stores to tell. */
async function isClosed(home: string): Promise<boolean> {
  const error = await access(home, constants.X_OK).catch((reason: unknown) => reason);
  return (error as NodeJS.ErrnoException | undefined)?.code === "EACCES";
}

interface StorePlace {
  readonly dir: string | null;
  readonly path: string;
}

interface Configured extends Pick<ServiceFacts, "trouble" | "claude"> {
  readonly places: readonly StorePlace[];
}

const NOTHING: Configured = { trouble: null, claude: null, places: [] };

/** What Pilotlight would be told there: it reads the configuration of the service, not ours. */
async function configured(unit: ServiceUnit, env: Environment, home: string): Promise<Configured> {
  let config: Config | null = null;
  try {
    config = await readConfig(env);
    const places = unitLogins(unit, config).map((login) => ({
      dir: login.dir,
      path: locate(login, env, home).credentialsFile,
    }));
    return { trouble: null, claude: config.claude, places };
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    return { trouble: error, claude: config?.claude ?? null, places: [] };
  }
}

async function storeAt({ dir, path }: StorePlace): Promise<ServiceStore> {
  const stats = await stat(path).catch(() => null);
  const mode = (stats?.mode ?? 0) & 0o777;
  return { path, dir, isThere: stats !== null, owner: stats?.uid ?? null, mode };
}

/** An npx call is not looked up: that could load a package. */
async function canFind(claude: string, env: Environment): Promise<boolean> {
  if (/^npx\s/.test(claude.trim())) return true;
  return (await findClaude(claude, env).catch(() => null)) !== null;
}

function wallsIn(file: UnitFile, places: readonly StorePlace[]): readonly string[] {
  const value = (name: string) => file.values(name).at(-1) ?? "";
  const opened = file
    .words("ReadWritePaths")
    .flat()
    .map((path) => path.replace(/^[-+]+/, ""));
  const isOpened = places.every((place) =>
    opened.some((path) => place.path.startsWith(`${path}/`)),
  );
  const isInHome = places.some(({ path }) => /^\/(home|root|run\/user)\//.test(path));
  const walls: string[] = [];
  const home = value("ProtectHome");
  if (isInHome && /^(yes|true|on|1|tmpfs)$/i.test(home)) walls.push(`ProtectHome=${home}`);
  if (isInHome && home === "read-only" && !isOpened) walls.push(`ProtectHome=${home}`);
  const system = value("ProtectSystem");
  if (system === "strict" && !isOpened) walls.push(`ProtectSystem=${system}`);
  if (/^(yes|true|on|1)$/i.test(value("DynamicUser"))) walls.push("DynamicUser=yes");
  return walls;
}
