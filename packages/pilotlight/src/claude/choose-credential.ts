import { tokenKindOf } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { Source } from "../core/login-status.ts";
import type { JobSettings } from "./job-settings.ts";
import type { Environment } from "./locations.ts";
import { type Effective, effectiveSource } from "./precedence.ts";

export const AUTH_MODES = ["auto", "subscription", "api-key"] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** The credential a job will use, and the environment that makes it so. */
export interface Choice {
  readonly effective: Effective;
  readonly env: Readonly<Record<string, string>>;
  /** What a person should know although the job can start. */
  readonly warnings: readonly string[];
}

type Stored = Extract<Source, "claude-file" | "claude-keychain"> | null;

/** Everything that outranks or replaces a stored login. */
const OTHERS = [
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_PROFILE",
  "ANTHROPIC_FEDERATION_RULE_ID",
  "ANTHROPIC_IDENTITY_TOKEN",
  "ANTHROPIC_IDENTITY_TOKEN_FILE",
  "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
  "CLAUDE_CODE_USE_BEDROCK",
  "CLAUDE_CODE_USE_VERTEX",
  "CLAUDE_CODE_USE_FOUNDRY",
];
const SETUP_TOKEN = ["CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR"];

/**
 * Decides which credential the job gets. `subscription` strips every other one from its environment,
 * `api-key` demands one, `auto` follows Claude Code.
 * @throws PilotlightError `credential_shadowed` where settings would still win, or a key shadows a
 *   login and `refuseShadow` is set; `wrong_credential` for a token of the wrong kind; `no_credential`.
 */
export function chooseCredential(
  mode: AuthMode,
  world: {
    readonly env: Environment;
    readonly settings: JobSettings;
    readonly stored: Stored;
    readonly refuseShadow: boolean;
  },
): Choice {
  const { settings, stored } = world;
  switch (mode) {
    case "subscription": {
      const env = withoutOthers(world.env, stored);
      const effective = effectiveSource(env, settings, stored);
      refuseLeftovers(effective, { ...env, ...settings.env }, settings);
      return { effective, env, warnings: [] };
    }
    case "api-key": {
      const env = defined(world.env);
      const effective = effectiveSource(env, settings, stored);
      demandKey(effective, { ...env, ...settings.env }, settings);
      return { effective, env, warnings: [] };
    }
    case "auto": {
      const env = defined(world.env);
      const effective = effectiveSource(env, settings, stored);
      const warnings = shadowWarnings(effective, { ...env, ...settings.env }, settings);
      if (world.refuseShadow && warnings.length > 0) {
        throw new PilotlightError("credential_shadowed", warnings.join("; "));
      }
      return { effective, env, warnings };
    }
  }
}

function withoutOthers(env: Environment, stored: Stored): Record<string, string> {
  // A setup-token is a subscription too; it stays where nothing is stored.
  const stripped = new Set(stored === null ? OTHERS : [...OTHERS, ...SETUP_TOKEN]);
  return Object.fromEntries(Object.entries(defined(env)).filter(([name]) => !stripped.has(name)));
}

function refuseLeftovers(effective: Effective, env: Environment, settings: JobSettings): void {
  const { source, billing } = effective;
  if (source === "none") {
    throw new PilotlightError("no_credential", "--auth subscription, and no login is stored");
  }
  const name = nameOf(source, env);
  if (billing !== "subscription" || name in settings.origins) {
    const place = settings.origins[name] ?? name;
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

function demandKey(effective: Effective, env: Environment, settings: JobSettings): void {
  const { source } = effective;
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

function shadowWarnings(
  { source, shadowed }: Effective,
  env: Environment,
  settings: JobSettings,
): string[] {
  const stored = shadowed.find((name) => name === "claude-file" || name === "claude-keychain");
  if (stored === undefined) return [];
  const name = nameOf(source, env);
  return [
    `${settings.origins[name] ?? name} wins over the stored login, and is billed instead of it`,
  ];
}

/** The variable that makes a source the one in use; a source that is no variable is its own name. */
function nameOf(source: Source, env: Environment): string {
  return variablesOf(source).find((name) => (env[name] ?? "") !== "") ?? source;
}

function variablesOf(source: Source): readonly string[] {
  switch (source) {
    case "cloud:bedrock":
      return ["CLAUDE_CODE_USE_BEDROCK"];
    case "cloud:vertex":
      return ["CLAUDE_CODE_USE_VERTEX"];
    case "cloud:foundry":
      return ["CLAUDE_CODE_USE_FOUNDRY"];
    case "profile":
      return ["ANTHROPIC_PROFILE", "ANTHROPIC_FEDERATION_RULE_ID"];
    case "CLAUDE_CODE_OAUTH_TOKEN":
      return SETUP_TOKEN;
    default:
      return [];
  }
}

function defined(env: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) set[name] = value;
  return set;
}
