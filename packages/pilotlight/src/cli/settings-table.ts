import { parseDuration } from "../core/duration.ts";
import { isSafeTokenUrl } from "../oauth/safe-token-url.ts";

/** How the daemon writes its log. */
const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** How one setting is written and checked. `parse` gives `undefined` for a value it does not accept. */
export interface Setting<T> {
  /** Its key in config.toml, dotted. */
  readonly key: string;
  readonly variable: string;
  readonly accepts: string;
  readonly parse: (value: unknown) => T | undefined;
}

function setting<T>(
  key: string,
  variable: string,
  accepts: string,
  parse: (value: unknown) => T | undefined,
): Setting<T> {
  return { key, variable, accepts, parse };
}

function oneOf<T extends string>(...choices: readonly T[]) {
  return (value: unknown): T | undefined => choices.find((choice) => choice === value);
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

export function flag(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  return value === "false" || value === "0" ? false : undefined;
}

export function duration(value: unknown): number | undefined {
  return typeof value === "string" ? (parseDuration(value) ?? undefined) : undefined;
}

function tokenUrl(value: unknown): string | undefined {
  const url = text(value)?.trim();
  return url !== undefined && isSafeTokenUrl(url) ? url : undefined;
}

/** Where the daemon listens; `null` for nowhere. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** @returns `null` for `off`, `undefined` for what is no address */
export function listenAddress(value: unknown): ListenAddress | null | undefined {
  const written = text(value)?.trim();
  if (written === "off") return null;
  const [, v6, name, digits] =
    /^(?:\[([0-9a-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(written ?? "") ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** Where people reach the daemon's pages: over TLS, or on this machine (a tunnel). */
function publicUrl(value: unknown): string | undefined {
  const url = tokenUrl(value);
  const { href, origin } = new URL(url ?? "data:");
  return href === `${origin}/` ? origin : undefined;
}

/** Names, as a list in the file and separated by commas in the environment. */
function names(value: unknown): readonly string[] | undefined {
  const list = typeof value === "string" ? value.split(",") : value;
  if (!Array.isArray(list)) return undefined;
  const all = list.map((name) => text(name)?.trim());
  return all.every((name) => name !== undefined) ? all : undefined;
}

/** A line for the shell, or the words of a command. */
export type HookCommand = string | readonly [string, ...string[]];

export function hookCommand(value: unknown): HookCommand | undefined {
  if (!Array.isArray(value)) return text(value);
  const [first, ...rest] = value.map(text);
  return first !== undefined && rest.every((word) => word !== undefined)
    ? [first, ...rest]
    : undefined;
}

const COMMAND = "a command line, or a list of its words";

const WRITE_MODES = ["auto", "rename", "in-place"] as const;

/** Every setting of Pilotlight: in config.toml under `key`, in the environment as `variable`, which wins. */
export const SETTINGS = {
  claude: setting(
    "claude",
    "PILOTLIGHT_CLAUDE",
    "a path, a name on PATH, a JSON array, or an npx call",
    text,
  ),
  refreshClaude: setting("refresh.claude", "PILOTLIGHT_REFRESH_CLAUDE", "as claude", text),
  driver: setting("driver", "PILOTLIGHT_DRIVER", '"cli" or "endpoint"', oneOf("cli", "endpoint")),
  acceptUnsupported: setting(
    "accept_unsupported",
    "PILOTLIGHT_ACCEPT_UNSUPPORTED",
    "true or false",
    flag,
  ),
  write: setting(
    "write",
    "PILOTLIGHT_WRITE",
    '"auto", "rename" or "in-place"',
    oneOf(...WRITE_MODES),
  ),
  onShadow: setting(
    "on_shadow",
    "PILOTLIGHT_ON_SHADOW",
    '"warn" or "refuse"',
    oneOf("warn", "refuse"),
  ),
  lockWait: setting("lock_wait", "PILOTLIGHT_LOCK_WAIT", 'a time such as "180s"', duration),
  listen: setting(
    "keep.listen",
    "PILOTLIGHT_LISTEN",
    'an address such as "127.0.0.1:7450", or "off"',
    listenAddress,
  ),
  tokenFile: setting("keep.token_file", "PILOTLIGHT_TOKEN_FILE", "a path", text),
  passphraseFile: setting("keep.passphrase_file", "PILOTLIGHT_PASSPHRASE_FILE", "a path", text),
  publicUrl: setting(
    "keep.public_url",
    "PILOTLIGHT_PUBLIC_URL",
    'an https address without a path, such as "https://keep.example"',
    publicUrl,
  ),
  hosts: setting("keep.hosts", "PILOTLIGHT_HOSTS", 'names such as ["keep.example"]', names),
  log: setting("keep.log", "PILOTLIGHT_LOG", '"text" or "json"', oneOf(...LOG_FORMATS)),
  ping: setting("keep.ping", "PILOTLIGHT_PING", "the URL of a heartbeat monitor", text),
  pingFile: setting("keep.ping_file", "PILOTLIGHT_PING_FILE", "a path", text),
  pingEvery: setting(
    "keep.ping_every",
    "PILOTLIGHT_PING_EVERY",
    'a time from 1s to 1d, such as "5m"',
    (value) => {
      const ms = duration(value);
      return ms !== undefined && ms >= 1_000 && ms <= 86_400_000 ? ms : undefined;
    },
  ),
  onRefreshed: setting("on_refreshed", "PILOTLIGHT_ON_REFRESHED", COMMAND, hookCommand),
  onRenewed: setting("on_renewed", "PILOTLIGHT_ON_RENEWED", COMMAND, hookCommand),
  onFailed: setting("on_failed", "PILOTLIGHT_ON_FAILED", COMMAND, hookCommand),
  tokenUrl: setting(
    "endpoint.token_url",
    "PILOTLIGHT_TOKEN_URL",
    "an https or loopback URL without a user in it",
    tokenUrl,
  ),
  clientId: setting("endpoint.client_id", "PILOTLIGHT_CLIENT_ID", "a client id", text),
} as const;
