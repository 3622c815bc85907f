import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { Environment, Place } from "../claude/locations.ts";
import { PilotlightError } from "../core/errors.ts";
import { isObject } from "../core/json-object.ts";
import { isPlainName } from "../core/plain-name.ts";
import type { Driver } from "../core/ports.ts";
import { absolute, type ConfigFile, digestOf, readToml, refuse } from "./config-file.ts";
import { NO_ALERTS, type NotifyConfig } from "./notify/notify-config.ts";
import { type SecretRef, secretRef } from "./notify/secret-ref.ts";
import {
  type HookCommand,
  type ListenAddress,
  type LogFormat,
  type Setting,
  SETTINGS,
  text,
} from "./settings-table.ts";

type WriteMode = "auto" | "rename" | "in-place";

/** One login that the user named, or the one found without any configuration (`default`). */
export interface LoginConfig extends Place {
  readonly name: string;
  readonly write: WriteMode;
  /** The env file whose token the login is; `null` for a login that Claude Code stores. */
  readonly envFile: string | null;
}

/** Everything a command is told, from file and environment, checked once and frozen. Times in ms. */
export interface Config {
  readonly home: string;
  readonly env: Environment;
  /** config.toml, there or not. */
  readonly file: string;
  readonly stateDir: string;
  /** What refreshes: `refresh.claude`, else as jobs start it. */
  readonly claude: string;
  /** How jobs start Claude Code. */
  readonly jobClaude: string;
  readonly driver: Driver;
  readonly lockWait: number;
  /** What `run` does when another credential shadows the login. */
  readonly onShadow: "warn" | "refuse";
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly keep: KeepConfig;
  readonly hooks: HookCommands;
  readonly notify: NotifyConfig;
  readonly logins: readonly LoginConfig[];
  /** Changes whenever the file does. */
  readonly digest: string;
}

/** What only the daemon is told. */
export interface KeepConfig {
  /** Where it serves health and metrics; `null` for nowhere. */
  readonly listen: ListenAddress | null;
  /** The file with the token of whoever may ask for a refresh; `null` where nobody may. */
  readonly tokenFile: string | null;
  /** The file with the passphrase of the renew page; `null` where there is no such page. */
  readonly passphraseFile: string | null;
  /** Where people reach its pages; `null` where that is where it listens. */
  readonly publicUrl: string | null;
  /** Further names that it may be asked by. */
  readonly hosts: readonly string[];
  readonly log: LogFormat;
  /** The heartbeat monitor that is told while all is well; `null` for none. */
  readonly ping: SecretRef | null;
  /** ms */
  readonly pingEvery: number;
}

/** What is run when something happened to a login; `null` where nothing is. */
interface HookCommands {
  readonly refreshed: HookCommand | null;
  readonly renewed: HookCommand | null;
  readonly failed: HookCommand | null;
}

const LISTEN: ListenAddress = { host: "127.0.0.1", port: 7450 };

const LOGIN_KEYS = ["dir", "credentials_file", "write", "env_file"];

// Public values of Claude Code itself, as measured on its wire (2.1.104 to 2.1.329, 2026-11).
const TOKEN_URL = "https://platform.claude.com/v1/oauth/token";
const CLIENT_ID = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";

/** Reads configuration. @throws PilotlightError `config_invalid` with the file, the line and what is accepted. */
export async function readConfig(env: Environment): Promise<Config> {
  const home = env["HOME"] || env["USERPROFILE"] || ownHome();
  const path = configFile(env, home);
  const file = await readToml(path, Boolean(env["PILOTLIGHT_CONFIG"]));
  refuseUnknown(file);
  const get = <T>(setting: Setting<T>) => valueOf(setting, file, env);

  const driver = get(SETTINGS.driver) ?? "cli";
  const isAccepted = get(SETTINGS.acceptUnsupported) ?? false;
  const jobClaude = get(SETTINGS.claude) ?? "claude";
  if (driver === "endpoint" && !isAccepted) {
    const fix =
      "it is not documented by the vendor; set accept_unsupported = true to use it all the same";
    throw new PilotlightError("config_invalid", `driver = "endpoint": ${fix}`);
  }
  const write = get(SETTINGS.write) ?? "auto";
  return Object.freeze({
    home,
    env,
    file: path,
    stateDir: stateDirectory(env, home),
    claude: get(SETTINGS.refreshClaude) ?? jobClaude,
    jobClaude,
    driver,
    onShadow: get(SETTINGS.onShadow) ?? "warn",
    lockWait: get(SETTINGS.lockWait) ?? 180_000,
    tokenUrl: get(SETTINGS.tokenUrl) ?? TOKEN_URL,
    clientId: get(SETTINGS.clientId) ?? (env["CLAUDE_CODE_OAUTH_CLIENT_ID"] || CLIENT_ID),
    keep: keepIn(get, file, env, home),
    hooks: {
      refreshed: get(SETTINGS.onRefreshed) ?? null,
      renewed: get(SETTINGS.onRenewed) ?? null,
      failed: get(SETTINGS.onFailed) ?? null,
    },
    notify: await notifyIn(file, home),
    logins: loginsIn(file, env, home, write),
    digest: digestOf(file),
  });
}

/** Only who wants alerts pays for reading what they are. */
async function notifyIn(file: ConfigFile, home: string): Promise<NotifyConfig> {
  if (file.table["notify"] === undefined) return NO_ALERTS;
  return (await import("./notify/read-notify.ts")).readNotify(file, home);
}

function configFile(env: Environment, home: string): string {
  if (env["PILOTLIGHT_CONFIG"]) return resolve(env["PILOTLIGHT_CONFIG"]);
  const configHome = baseDirectory(env["XDG_CONFIG_HOME"], join(home, ".config"));
  return join(configHome, "pilotlight", "config.toml");
}

function keepIn(
  get: <T>(setting: Setting<T>) => T | undefined,
  file: ConfigFile,
  env: Environment,
  home: string,
): KeepConfig {
  const listen = get(SETTINGS.listen);
  const tokenFile = get(SETTINGS.tokenFile);
  const passphraseFile = get(SETTINGS.passphraseFile);
  const [ping, pingFile] = [get(SETTINGS.ping), get(SETTINGS.pingFile)];
  const isFromFile = !env[SETTINGS.ping.variable];
  return {
    listen: listen === undefined ? LISTEN : listen,
    tokenFile: tokenFile === undefined ? null : absolute(tokenFile, home),
    passphraseFile: passphraseFile === undefined ? null : absolute(passphraseFile, home),
    publicUrl: get(SETTINGS.publicUrl) ?? null,
    hosts: get(SETTINGS.hosts) ?? [],
    log: get(SETTINGS.log) ?? "text",
    ping:
      ping === undefined && pingFile === undefined
        ? null
        : secretRef(
            { text: ping, file: pingFile },
            { config: isFromFile ? file : null, path: ["keep", "ping"], home },
          ),
    pingEvery: get(SETTINGS.pingEvery) ?? 300_000,
  };
}

function ownHome(): string {
  try {
    return homedir();
  } catch {
    // A container's user that stands in no list of users.
    const why = "this user has no home directory that could be found; set HOME";
    throw new PilotlightError("config_invalid", why);
  }
}

function stateDirectory(env: Environment, home: string): string {
  if (env["PILOTLIGHT_STATE_DIR"]) return resolve(env["PILOTLIGHT_STATE_DIR"]);
  const stateHome = baseDirectory(env["XDG_STATE_HOME"], join(home, ".local", "state"));
  return join(stateHome, "pilotlight");
}

/** The XDG base directory specification: an empty or relative path is to be ignored. */
function baseDirectory(path: string | undefined, otherwise: string): string {
  return path !== undefined && isAbsolute(path) ? path : otherwise;
}

function refuseUnknown(file: ConfigFile): void {
  const known = new Set(Object.values(SETTINGS).map(({ key }) => key));
  const sections = new Set(
    [...known].filter((key) => key.includes(".")).map((key) => key.split(".")[0]),
  );
  for (const [key, value] of Object.entries(file.table)) {
    if (key === "logins" || key === "notify") continue;
    if (sections.has(key)) {
      if (!isObject(value)) refuse(file, [key], `must be a table, such as [${key}]`);
      for (const inner of Object.keys(value)) {
        if (!known.has(`${key}.${inner}`))
          refuse(file, [key, inner], "is no setting of Pilotlight");
      }
    } else if (!known.has(key)) refuse(file, [key], "is no setting of Pilotlight");
  }
}

function valueOf<T>(setting: Setting<T>, file: ConfigFile, env: Environment): T | undefined {
  const fromEnv = env[setting.variable];
  if (fromEnv !== undefined && fromEnv !== "") {
    const value = setting.parse(fromEnv);
    if (value === undefined) {
      throw new PilotlightError("config_invalid", `${setting.variable} must be ${setting.accepts}`);
    }
    return value;
  }
  const path = setting.key.split(".");
  const found = path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), file.table);
  if (found === undefined) return undefined;
  const value = setting.parse(found);
  if (value === undefined) refuse(file, path, `must be ${setting.accepts}`);
  return value;
}

function loginsIn(
  file: ConfigFile,
  env: Environment,
  home: string,
  write: WriteMode,
): readonly LoginConfig[] {
  const named = file.table["logins"];
  if (named === undefined) {
    const path = env["PILOTLIGHT_CREDENTIALS_FILE"] || env["CLAUDE_CREDENTIALS_PATH"];
    const credentialsFile = path ? absolute(path, home) : null;
    return [{ name: "default", dir: null, credentialsFile, write, envFile: null }];
  }
  if (!isObject(named) || Object.keys(named).length === 0) {
    refuse(file, ["logins"], "must hold a table for each login, such as [logins.bot]");
  }
  return Object.entries(named).map(([name, login]) => loginIn(file, name, login, home, write));
}

function loginIn(
  file: ConfigFile,
  name: string,
  login: unknown,
  home: string,
  write: WriteMode,
): LoginConfig {
  const path = ["logins", name];
  if (!isPlainName(name)) {
    refuse(file, path, "must be a name of up to 64 letters, digits, dashes and underscores");
  }
  if (!isObject(login)) refuse(file, path, "must be a table");
  for (const key of Object.keys(login)) {
    if (!LOGIN_KEYS.includes(key))
      refuse(file, [...path, key], `is none of ${LOGIN_KEYS.join(", ")}`);
  }
  const place = (key: string) => {
    if (login[key] === undefined) return null;
    const value = text(login[key]);
    if (value === undefined) refuse(file, [...path, key], "must be a path");
    return absolute(value, home);
  };
  const own = login["write"] === undefined ? write : SETTINGS.write.parse(login["write"]);
  if (own === undefined) refuse(file, [...path, "write"], `must be ${SETTINGS.write.accepts}`);
  const envFile = place("env_file");
  const other = LOGIN_KEYS.find((key) => key !== "env_file" && login[key] !== undefined);
  if (envFile !== null && other !== undefined) {
    refuse(file, [...path, other], "does not go with env_file: Claude Code stores nothing there");
  }
  const [dir, credentialsFile] = [place("dir"), place("credentials_file")];
  return { name, dir, credentialsFile, write: own, envFile };
}
