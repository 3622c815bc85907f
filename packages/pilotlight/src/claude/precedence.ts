import type { Source } from "../core/login-status.ts";
import type { Environment } from "./locations.ts";
import type { Settings } from "./settings.ts";

export type Billing = "subscription" | "api" | "cloud" | "none";

/** The credential Claude Code will use, who pays for it, and what it puts in the shade. */
export interface Effective {
  readonly source: Source;
  readonly billing: Billing;
  readonly shadowed: readonly Source[];
}

/**
 * Ranks the sources as Claude Code does (measured on 2.1.329 and 2.1.104, 2026-11): cloud flags,
 * ANTHROPIC_AUTH_TOKEN, ANTHROPIC_API_KEY, apiKeyHelper, CLAUDE_CODE_OAUTH_TOKEN, ANTHROPIC_PROFILE,
 * the stored login. `settings.json` `env` wins over the process environment; an empty value is unset.
 */
export function effectiveSource(
  processEnv: Environment,
  settings: Settings,
  stored: Extract<Source, "claude-file" | "claude-keychain"> | null,
): Effective {
  const env: Environment = { ...processEnv, ...settings.env };
  const isSet = (name: string) => (env[name] ?? "") !== "";
  const isOn = (name: string) => isSet(name) && !/^(0|false|no|off)$/i.test(env[name] ?? "");
  const ranked: [boolean, Source][] = [
    [isOn("CLAUDE_CODE_USE_BEDROCK"), "cloud:bedrock"],
    [isOn("CLAUDE_CODE_USE_VERTEX"), "cloud:vertex"],
    [isOn("CLAUDE_CODE_USE_FOUNDRY"), "cloud:foundry"],
    [isSet("ANTHROPIC_AUTH_TOKEN"), "ANTHROPIC_AUTH_TOKEN"],
    [isSet("ANTHROPIC_API_KEY"), "ANTHROPIC_API_KEY"],
    [settings.apiKeyHelper !== null, "apiKeyHelper"],
    [
      isSet("CLAUDE_CODE_OAUTH_TOKEN") || isSet("CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR"),
      "CLAUDE_CODE_OAUTH_TOKEN",
    ],
    [isSet("ANTHROPIC_PROFILE") || isSet("ANTHROPIC_FEDERATION_RULE_ID"), "profile"],
    [stored !== null, stored ?? "none"],
  ];
  const [source = "none", ...shadowed] = ranked.filter(([is]) => is).map(([, name]) => name);
  return { source, billing: billingOf(source), shadowed };
}

function billingOf(source: Source): Billing {
  switch (source) {
    case "cloud:bedrock":
    case "cloud:vertex":
    case "cloud:foundry":
      return "cloud";
    case "ANTHROPIC_AUTH_TOKEN":
    case "ANTHROPIC_API_KEY":
    case "apiKeyHelper":
    case "profile":
      return "api";
    case "CLAUDE_CODE_OAUTH_TOKEN":
    case "claude-file":
    case "claude-keychain":
      return "subscription";
    case "none":
      return "none";
  }
}
