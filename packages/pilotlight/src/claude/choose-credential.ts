import { tokenKindOf } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { JobSettings } from "./job-settings.ts";
import type { Environment } from "./locations.ts";
import {
  CLOUD_FLAGS,
  type Effective,
  effectiveOf,
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
 * Decides which credential the job gets. `subscription` strips every other one from its environment,
 * `api-key` demands one, `auto` follows Claude Code.
 * @throws PilotlightError `credential_shadowed` where settings would still win, or a key shadows a
 *   login and `refuseShadow` is set; `wrong_credential` for a token of the wrong kind; `no_credential`.
 */
export function chooseCredential(
  mode: AuthMode,
  world: World & { readonly settings: JobSettings; readonly refuseShadow: boolean },
): Choice {
  const { settings, stored, refuseShadow } = world;
  const env = mode === "subscription" ? withoutOthers(world.env, stored) : defined(world.env);
  const used = usedIn({ ...world, env });
  const { effective } = used;
  const all: Environment = { ...env, ...settings.env };
  switch (mode) {
    case "subscription":
      refuseLeftovers(used, all, settings);
      return { effective, env, warnings: [] };
    case "api-key":
      demandKey(used, all, settings);
      return { effective, env, warnings: [] };
    case "auto": {
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

function withoutOthers(env: Environment, stored: StoredSource | null): Record<string, string> {
  // A setup-token is a subscription too; it stays where nothing is stored.
  const stripped = new Set<string>(stored === null ? OTHERS : [...OTHERS, ...TOKEN_VARIABLES]);
  return Object.fromEntries(Object.entries(defined(env)).filter(([name]) => !stripped.has(name)));
}

function refuseLeftovers(used: Used, env: Environment, settings: JobSettings): void {
  const { effective, via } = used;
  const { source, billing } = effective;
  if (source === "none") {
    throw new PilotlightError("no_credential", "--auth subscription, and no login is stored");
  }
  if (billing !== "subscription" || via in settings.origins) {
    const place = settings.origins[via] ?? via;
    throw new PilotlightError("credential_shadowed", `${place} would win over the login`);
  }
  const gateway = env["ANTHROPIC_BASE_URL"];
  if (
    gateway !== undefined &&
    gateway !== "" &&
    !/^https:\/\/api\.anthropic\.com\/?$/.test(gateway)
  ) {
    const place = settings.origins["ANTHROPIC_BASE_URL"] ?? "ANTHROPIC_BASE_URL";
    throw new PilotlightError("credential_shadowed", `${place} would send the login to a gateway`);
  }
}

function demandKey(used: Used, env: Environment, settings: JobSettings): void {
  const { source } = used.effective;
  if (
    source !== "ANTHROPIC_API_KEY" &&
    source !== "apiKeyHelper" &&
    source !== "ANTHROPIC_AUTH_TOKEN"
  ) {
    const found = source === "none" ? "nothing is configured" : `Claude Code would use ${source}`;
    throw new PilotlightError(
      "no_credential",
      `--auth api-key, and ${found}: set ANTHROPIC_API_KEY`,
    );
  }
  const kind = source === "ANTHROPIC_API_KEY" ? tokenKindOf((env[source] ?? "").trim()) : "api-key";
  if (kind === "oauth-access" || kind === "oauth-refresh") {
    const place = settings.origins[source] ?? source;
    throw new PilotlightError("wrong_credential", `${place} holds an OAuth token, not an API key`);
  }
}

function shadowWarnings({ effective, via }: Used, settings: JobSettings): string[] {
  const { shadowed } = effective;
  const stored = shadowed.find((name) => name === "claude-file" || name === "claude-keychain");
  if (stored === undefined) return [];
  return [
    `${settings.origins[via] ?? via} wins over the stored login, and is billed instead of it`,
  ];
}

function defined(env: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) set[name] = value;
  return set;
}
