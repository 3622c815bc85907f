import { tokenKindOf } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { Effective } from "../../core/status-report.ts";
import { gatewayIn } from "./gateway-in.ts";
import type { JobSettings } from "./job-settings.ts";
import type { Environment } from "../locations.ts";
import {
  CLOUD_FLAGS,
  CUSTOM_HEADERS,
  customHeaders,
  effectiveOf,
  MANAGED_KEY,
  rankSources,
  type StoredSource,
  TOKEN_VARIABLES,
  type World,
} from "./precedence.ts";

export const AUTH_MODES = ["auto", "subscription", "api-key"] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** The credential a job will use, and the environment that makes it so. */
export interface Choice {
  readonly effective: Effective;
  readonly env: Readonly<Record<string, string>>;
  /** What a person should know although the job can start. */
  readonly warnings: readonly string[];
}

/** Everything that outranks or replaces a stored login. */
const OTHERS = [
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_PROFILE",
  "ANTHROPIC_FEDERATION_RULE_ID",
  "ANTHROPIC_IDENTITY_TOKEN",
  "ANTHROPIC_IDENTITY_TOKEN_FILE",
  "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
  ...CLOUD_FLAGS,
];

/** The credential in use, and the variable or setting that makes it so. */
interface Used {
  readonly effective: Effective;
  readonly via: string;
}

/**
 * The environment in which a job looks for its credential: `subscription` takes every other one away,
 * and a setup-token, which is a subscription too, only where a login is stored.
 */
export function jobEnvironment(
  mode: AuthMode,
  env: Environment,
  stored: StoredSource | null,
): Record<string, string> {
  if (mode !== "subscription") return defined(env);
  const stripped = new Set<string>(stored === null ? OTHERS : [...OTHERS, ...TOKEN_VARIABLES]);
  return Object.fromEntries(Object.entries(defined(env)).filter(([name]) => !stripped.has(name)));
}

/**
 * Decides which credential a job gets in its `jobEnvironment`. `api-key` demands one, `auto` follows Claude Code.
 * @throws PilotlightError `credential_shadowed` where settings would still win over a login, or a key
 *   shadows one and `refuseShadow` is set; `wrong_credential` for one of the wrong kind; `no_credential`, `no_api_key`.
 */
export function chooseCredential(
  mode: AuthMode,
  world: World & { readonly settings: JobSettings; readonly refuseShadow: boolean },
): Choice {
  const { settings, refuseShadow } = world;
  const env = defined(world.env);
  const used = usedIn(world);
  const { effective } = used;
  const all: Environment = { ...env, ...settings.env };
  switch (mode) {
    case "subscription":
      refuseLeftovers(used, all, world);
      return { effective, env, warnings: [] };
    case "api-key":
      demandKey(used, all, settings);
      return { effective, env, warnings: [] };
    case "auto": {
      refuseWrongKind(used, all, settings);
      const warnings = shadowWarnings(used, settings);
      if (refuseShadow && warnings.length > 0) {
        throw new PilotlightError("credential_shadowed", warnings.join("; "));
      }
      return { effective, env, warnings };
    }
  }
}

function usedIn(world: World): Used {
  const ranking = rankSources(world);
  return { effective: effectiveOf(ranking), via: ranking.candidates[0]?.via ?? "none" };
}

function refuseLeftovers(
  { effective, via }: Used,
  env: Environment,
  { settings, stored }: World & { readonly settings: JobSettings },
): void {
  const { source, billing } = effective;
  if (source === "none" || (billing !== "subscription" && stored === null)) {
    throw new PilotlightError("no_credential", "--auth subscription, and no login is stored");
  }
  if (billing !== "subscription" || via in settings.origins) {
    const place = settings.origins[via] ?? via;
    throw new PilotlightError("credential_shadowed", `${place} would win over the login`);
  }
  if (customHeaders(env[CUSTOM_HEADERS] ?? "").length > 0) {
    const place = settings.origins[CUSTOM_HEADERS] ?? CUSTOM_HEADERS;
    throw new PilotlightError("credential_shadowed", `${place} replaces the login's own header`);
  }
  if (gatewayIn(env) !== null) {
    const place = settings.origins["ANTHROPIC_BASE_URL"] ?? "ANTHROPIC_BASE_URL";
    throw new PilotlightError("credential_shadowed", `${place} would send the login to a gateway`);
  }
}

/** The sources of API keys; a sign-in to the Console leaves one, too. */
const KEYS = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "apiKeyHelper", MANAGED_KEY];

function demandKey({ effective, via }: Used, env: Environment, settings: JobSettings): void {
  const { source } = effective;
  if (!KEYS.includes(source) && !KEYS.includes(via)) {
    const found = source === "none" ? "nothing is configured" : `Claude Code would use ${source}`;
    throw new PilotlightError("no_api_key", `--auth api-key, and ${found}`);
  }
  refuseWrongKind({ effective, via }, env, settings);
}

/** The API takes no OAuth token, so it is not even shown one. */
function refuseWrongKind({ effective: { source } }: Used, env: Environment, settings: JobSettings) {
  if (source !== "ANTHROPIC_API_KEY") return;
  const kind = tokenKindOf((env[source] ?? "").trim());
  if (kind !== "oauth-access" && kind !== "oauth-refresh") return;
  const place = settings.origins[source] ?? source;
  throw new PilotlightError("wrong_credential", `${place} holds an OAuth token, not an API key`);
}

function shadowWarnings({ effective, via }: Used, settings: JobSettings): string[] {
  const { shadowed, billing } = effective;
  const stored = shadowed.find((name) => name === "claude-file" || name === "claude-keychain");
  if (stored === undefined) return [];
  const what = billing === "subscription" ? "signing in changes nothing" : "it is billed instead";
  return [`${settings.origins[via] ?? via} wins over the stored login: ${what}`];
}

function defined(env: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) set[name] = value;
  return set;
}
