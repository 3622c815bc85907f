import { parseDuration } from "../core/duration.ts";
import { isSafeTokenUrl } from "../oauth/safe-token-url.ts";

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

function flag(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  return value === "false" || value === "0" ? false : undefined;
}

function duration(value: unknown): number | undefined {
  return typeof value === "string" ? (parseDuration(value) ?? undefined) : undefined;
}

function tokenUrl(value: unknown): string | undefined {
  const url = text(value)?.trim();
  return url !== undefined && isSafeTokenUrl(url) ? url : undefined;
}

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
  tokenUrl: setting(
    "endpoint.token_url",
    "PILOTLIGHT_TOKEN_URL",
    "an https or loopback URL without a user in it",
    tokenUrl,
  ),
  clientId: setting("endpoint.client_id", "PILOTLIGHT_CLIENT_ID", "a client id", text),
} as const;
