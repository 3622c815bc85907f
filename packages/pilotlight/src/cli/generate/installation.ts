import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { userInfo } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Environment, locate } from "../../claude/locations.ts";
import { PilotlightError } from "../../core/errors.ts";
import { type Config, type LoginConfig, readConfig } from "../config.ts";
import { accountOf } from "../doctor/service/account.ts";
import { installedClaude } from "../doctor/installed-claude.ts";
import { selectLogins } from "../logins.ts";
import { VERSION } from "../version.ts";
import { carriedVariables } from "./carried-variables.ts";
import { placesToWrite } from "./places-to-write.ts";

/** Everything that a generated file says about this machine. All paths are absolute. */
export interface Installation {
  readonly platform: NodeJS.Platform;
  readonly user: string;
  readonly home: string;
  /** Whether `home` is the one that this machine's list of users gives. */
  readonly isUsualHome: boolean;
  readonly node: string;
  readonly nodeVersion: string;
  /** Pilotlight's launcher, which that Node starts. */
  readonly script: string;
  readonly version: string;
  /** Where Claude Code was found, and its version; `null` for what is not known. */
  readonly claude: string | null;
  readonly claudeVersion: string | null;
  /** With which a service finds Claude Code, its Node and the tools of the system. */
  readonly path: string;
  /** What has to be set there as it is set here; never a secret. */
  readonly variables: Readonly<Record<string, string>>;
  /** Set here, and left out because it would hold a password. */
  readonly withheld: readonly string[];
  /** The one that was asked for; `null` for all. */
  readonly login: string | null;
  readonly credentialsFiles: readonly string[];
  readonly stateDir: string;
  readonly isStateThere: boolean;
  /** Directories in which a refresh writes or makes its locks, none below another. */
  readonly writable: readonly string[];
  /** Version of systemd; `null` where there is none. */
  readonly systemd: number | null;
}

/** Whose installation is asked for; by default that of whoever asks. */
export interface Asked {
  readonly env: Environment;
  readonly user: string | null;
  readonly login: string | null;
}

/** Looks at this machine. @throws PilotlightError `usage` for a user or login that is not there, `config_invalid` */
export async function installationOf({ env, user, login }: Asked): Promise<Installation> {
  const owner = await ownerOf(env, user);
  const config = await readConfig(owner.env);
  const logins = selectLogins(config, login ?? undefined);
  const claude = await installedClaude({ config, env: owner.env });
  const found = claude.command?.argv[0] ?? null;
  const { variables, withheld } = carriedVariables(owner.env);
  // Of an env file nothing is renewed, so nothing is written there.
  const stored = logins.filter(({ envFile }) => envFile === null);
  const writable = await writableOf(config, stored);
  refuseLineBreaks([config.home, process.execPath, found ?? "", config.stateDir, ...writable]);
  return {
    platform: process.platform,
    user: owner.name,
    home: config.home,
    isUsualHome: config.home === owner.home,
    node: process.execPath,
    nodeVersion: process.versions.node,
    script: launcher(),
    version: VERSION,
    claude: found,
    claudeVersion: claude.version,
    path: pathOf([found, process.execPath]),
    variables,
    withheld,
    login,
    credentialsFiles: stored.map((one) => locate(one, config.env, config.home).credentialsFile),
    stateDir: config.stateDir,
    isStateThere: existsSync(config.stateDir),
    writable,
    systemd: await systemdVersion(),
  };
}

/** No format has a way to write it down that all its readers understand. */
function refuseLineBreaks(paths: readonly string[]): void {
  const broken = paths.find((path) => /\p{Cc}/u.test(path));
  if (broken === undefined) return;
  throw new PilotlightError("usage", `a path with a line break in it: ${JSON.stringify(broken)}`);
}

interface Owner {
  readonly name: string;
  readonly home: string;
  readonly env: Environment;
}

async function ownerOf(env: Environment, user: string | null): Promise<Owner> {
  if (user === null) {
    const { username, homedir } = userInfo();
    return { name: username, home: homedir, env };
  }
  const account = await accountOf(user);
  if (account === null) {
    throw new PilotlightError("usage", `--user ${user}: this machine does not know that user`);
  }
  // The variables set here are somebody else's.
  const { name, home } = account;
  const own = join(home, ".local", "bin");
  return { name, home, env: { HOME: home, PATH: `${own}${delimiter}${env["PATH"] ?? ""}` } };
}

/** In a clone and in the package it lies some folders above this file, however that was bundled. */
export function launcher(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "bin", "pilotlight.mjs"))) {
    if (dirname(folder) === folder) throw new PilotlightError("bug", "the launcher is not there");
    folder = dirname(folder);
  }
  return join(folder, "bin", "pilotlight.mjs");
}

function pathOf(programs: readonly (string | null)[]): string {
  const system = process.platform === "win32" ? [] : ["/usr/local/bin", "/usr/bin", "/bin"];
  const own = programs.flatMap((program) => (program === null ? [] : [dirname(program)]));
  return [...new Set([...own, ...system])].join(delimiter);
}

async function writableOf(
  config: Config,
  logins: readonly LoginConfig[],
): Promise<readonly string[]> {
  const places = await Promise.all(
    logins.map(async (login) => {
      const locations = locate(login, config.env, config.home);
      const target = await realpath(locations.credentialsFile).catch(() => null);
      const lockDir = await realpath(locations.lockDir).catch(() => locations.lockDir);
      return { ...locations, target, realLockDir: lockDir };
    }),
  );
  return placesToWrite(places, resolve(config.stateDir));
}

async function systemdVersion(): Promise<number | null> {
  if (process.platform !== "linux") return null;
  try {
    const { stdout } = await promisify(execFile)("systemctl", ["--version"], { timeout: 5_000 });
    return Number(/^systemd (\d+)/.exec(stdout)?.[1] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}
