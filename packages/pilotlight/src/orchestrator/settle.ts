import { commandWords } from "../claude/build/find-claude.ts";
import type { Environment } from "../claude/locations.ts";
import { CUSTOM_HEADERS, customHeaders } from "../claude/precedence/precedence.ts";
import { gatewayIn } from "../claude/precedence/gateway-in.ts";
import { PilotlightError } from "../core/errors.ts";
import type { AgentSdk } from "./agent-sdk-backend.ts";
import type { ApiAccess } from "./api-backend.ts";
import type { Auth, Backend } from "./ask.ts";
import type { Persistence } from "./persist.ts";
import { apiKeyIn, refuseKeyForSubscription, refuseWrongKinds } from "./refuse-wrong-kinds.ts";
import type { Supervision } from "./supervision.ts";

export interface ClaudeOptions {
  /** `auto` unless given. */
  readonly auth?: Auth;
  /** Whichever fits unless given. */
  readonly backend?: Backend;
  /** An API key for direct calls; `ANTHROPIC_API_KEY` unless given. */
  readonly apiKey?: string;
  /** A profile of the vendor's SDK for direct calls, where no key is set; `ANTHROPIC_PROFILE` unless given. */
  readonly profile?: string;
  /** Says that the subscription is for the operator's own work; the Agent SDK demands it (docs/policy.md). */
  readonly ownUse?: boolean;
  /** The module `@anthropic-ai/claude-agent-sdk`, where it cannot be imported by name. */
  readonly agentSdk?: AgentSdk;
  /** How Claude Code is started: a path, a name, or words; `PILOTLIGHT_CLAUDE`, then `claude`, unless given. */
  readonly claude?: string | readonly string[];
  /** The configured login; the only one unless given. */
  readonly login?: string;
  /** Where Claude Code works; the working directory unless given. */
  readonly cwd?: string;
  /** The environment to look in and to pass on; this process's own unless given. */
  readonly env?: Environment;
  /** The model of questions that name none. The API needs one; Claude Code has a choice of its own. */
  readonly model?: string;
  /** Tokens of an answer on the API; 8192 unless given. */
  readonly maxTokens?: number;
  /** Questions at once; 4 unless given. The others wait in the order in which they came. */
  readonly concurrency?: number;
  /** 3 tries, 60 s of waiting and no waiting for a used-up limit unless given. */
  readonly retry?: Partial<Persistence>;
}

/** The same, decided and checked. */
export interface Settled {
  readonly auth: Auth;
  readonly backend: Backend | null;
  readonly env: Environment;
  /** What direct calls use, and where it was found; `null` where there is nothing. */
  readonly direct: { readonly access: ApiAccess; readonly place: string } | null;
  readonly baseUrl: string | null;
  readonly isOwnUse: boolean;
  readonly agentSdk: AgentSdk | null;
  readonly login: string | null;
  readonly model: string | null;
  readonly maxTokens: number;
  readonly concurrency: number;
  readonly persistence: Persistence;
  readonly supervision: Omit<Supervision, "auth" | "pilotlight">;
}

/** @throws PilotlightError `wrong_credential`, `usage` or `config_invalid` for options that cannot work */
export function settle(options: ClaudeOptions): Settled {
  const { auth = "auto", env = process.env, backend = null, login = null, model = null } = options;
  oneOf("auth", auth, ["auto", "api-key", "subscription"]);
  oneOf("backend", backend, ["api", "agent-sdk", "cli", null]);
  if (auth === "subscription") refuseKeyForSubscription(options.apiKey);
  const apiKey = apiKeyIn(options.apiKey, env);
  refuseWrongKinds({ apiKey, env });
  const direct = auth === "subscription" ? null : directAccess(apiKey, options, env);
  if (direct !== null) refuseOwnHeaders(env);
  const given = options.claude ?? (env["PILOTLIGHT_CLAUDE"]?.trim() || "claude");
  const setting = typeof given === "string" ? given : settingOf(given);
  return {
    auth,
    backend,
    env,
    direct,
    baseUrl: gatewayIn(env),
    isOwnUse: options.ownUse ?? false,
    agentSdk: options.agentSdk ?? null,
    login,
    model,
    maxTokens: whole("maxTokens", options.maxTokens ?? 8192),
    concurrency: whole("concurrency", options.concurrency ?? 4),
    persistence: persistenceOf(options.retry ?? {}),
    supervision: {
      setting,
      claude: commandWords(setting),
      login,
      env: withKey(env, apiKey?.value, setting),
      cwd: options.cwd ?? process.cwd(),
    },
  };
}

function directAccess(
  apiKey: ReturnType<typeof apiKeyIn>,
  options: ClaudeOptions,
  env: Environment,
): Settled["direct"] {
  if (apiKey !== null) {
    return { access: { kind: "api-key", key: apiKey.value }, place: apiKey.place };
  }
  const isOwnEnv = env === process.env;
  if (options.profile !== undefined && !isOwnEnv) {
    const why = "the SDK looks for a profile in the environment of this process: leave env out";
    throw new PilotlightError("config_invalid", why);
  }
  if (!isOwnEnv) return null;
  const profile = options.profile ?? env["ANTHROPIC_PROFILE"] ?? "";
  if (profile !== "") {
    return { access: { kind: "profile", profile }, place: `the profile ${profile}` };
  }
  const isFederated = (env["ANTHROPIC_FEDERATION_RULE_ID"] ?? "") !== "";
  // The SDK would send this token instead.
  const isShadowed = (env["ANTHROPIC_AUTH_TOKEN"] ?? "") !== "";
  if (!isFederated || isShadowed) return null;
  return { access: { kind: "profile", profile: null }, place: "ANTHROPIC_FEDERATION_RULE_ID" };
}

/** Words as the setting has them. */
function settingOf(words: readonly string[]): string {
  const [only = "", ...others] = words;
  if (only === "npx") return words.join(" ");
  return others.length === 0 ? only : JSON.stringify(words);
}

/** A key that was given as an option is one for Claude Code, too. */
function withKey(env: Environment, apiKey: string | undefined, setting: string): Environment {
  const named = { ...env, PILOTLIGHT_CLAUDE: setting };
  return apiKey === undefined ? named : { ...named, ANTHROPIC_API_KEY: apiKey };
}

/** The SDK adds these headers to what it sends, also those of this process where `env` is another. */
function refuseOwnHeaders(env: Environment): void {
  const headers = [env, process.env].map((one) => one[CUSTOM_HEADERS] ?? "");
  const names = headers.flatMap((text) => customHeaders(text));
  if (names.length === 0 && !headers.some((text) => /sk-ant-o[ar]t/i.test(text))) return;
  const why = `${CUSTOM_HEADERS} sets a credential of its own: take it out, or use backend: "cli"`;
  throw new PilotlightError("wrong_credential", why);
}

function persistenceOf({ attempts, budgetMs, waitForReset }: Partial<Persistence>): Persistence {
  return {
    attempts: whole("retry.attempts", attempts ?? 3),
    budgetMs: time("retry.budgetMs", budgetMs ?? 60_000),
    waitForReset: waitForReset ?? false,
  };
}

function oneOf(name: string, value: string | null, known: readonly (string | null)[]): void {
  if (known.includes(value)) return;
  const choices = known.filter((one) => one !== null).join(", ");
  throw new PilotlightError("usage", `${name} ${JSON.stringify(value)} is none of ${choices}`);
}

function time(name: string, value: number): number {
  if (value >= 0) return value;
  throw new PilotlightError("usage", `${name} ${value} is no number of milliseconds`);
}

function whole(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new PilotlightError("usage", `${name} ${value} is no whole number from 1 on`);
}
