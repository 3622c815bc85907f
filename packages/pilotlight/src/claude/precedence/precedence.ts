import type { AuthenticationHeader, Billing } from "../../core/explanation.ts";
import type { Source } from "../../core/login-status.ts";
import type { Effective } from "../../core/status-report.ts";
import { type BuildRules, rulesOf } from "../build/build-rules.ts";
import type { Environment } from "../locations.ts";
import type { Settings } from "./settings.ts";

export type StoredSource = Extract<Source, "claude-file" | "claude-keychain">;

/** Where Claude Code stores a login on this kind of machine. */
export function storedSourceOn(platform: string): StoredSource {
  return platform === "darwin" ? "claude-keychain" : "claude-file";
}

/**
 * What Claude Code makes of Anthropic profiles: `chosen` is one that ANTHROPIC_PROFILE names, a federation
 * by variables, or an active profile that federates; `fallback` an active profile of a signed-in user.
 */
export type ProfileRole = "chosen" | "fallback";

/** All that decides which credential Claude Code uses. */
export interface World {
  readonly env: Environment;
  readonly settings: Settings & {
    /** The helper that is left under `--bare`: one from `--settings`. */
    readonly bareHelper?: string | null | undefined;
  };
  /** Where a login stands that can be used, if there is one. */
  readonly stored: StoredSource | null;
  /** `--bare`; the variable that means the same is looked up here. */
  readonly isBare?: boolean | undefined;
  /** Whether a sign-in to the Console left an API key in `.claude.json`. */
  readonly hasManagedKey?: boolean | undefined;
  /** Judged by the variables alone unless given. */
  readonly profile?: ProfileRole | null | undefined;
  /** Those of the newest build unless given. */
  readonly rules?: BuildRules | undefined;
}

/** A source that is there, strongest first; `via` is the variable or setting that makes it so. */
export interface Candidate {
  readonly source: Source;
  readonly via: string;
  readonly billing: Billing;
}

/** The outcome of the whole precedence. */
export interface Ranking {
  /** Every source that is there and would be used if it stood alone; the first one is. */
  readonly candidates: readonly Candidate[];
  /** Sources that are there, and that `--bare` does not read. */
  readonly unread: readonly Candidate[];
  /** Whose values are sent together. */
  readonly sent: readonly Candidate[];
  readonly headers: readonly AuthenticationHeader[];
}

export const MANAGED_KEY = "primaryApiKey";
export const HELPER = "apiKeyHelper";
export const CUSTOM_HEADERS = "ANTHROPIC_CUSTOM_HEADERS";

/** Clouds in their order; what is not one of three known names goes by the cloud it runs on. */
const CLOUDS = [
  ["CLAUDE_CODE_USE_BEDROCK", "cloud:bedrock"],
  ["CLAUDE_CODE_USE_FOUNDRY", "cloud:foundry"],
  ["CLAUDE_CODE_USE_ANTHROPIC_AWS", "cloud:bedrock"],
  ["CLAUDE_CODE_USE_MANTLE", "cloud:bedrock"],
  ["CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD", "cloud:vertex"],
  ["CLAUDE_CODE_USE_VERTEX", "cloud:vertex"],
] as const satisfies readonly (readonly [string, Source])[];

/** The variables that switch to a cloud. */
export const CLOUD_FLAGS: readonly string[] = CLOUDS.map(([flag]) => flag);

/**
 * Ranks every source as Claude Code does (measured on 2.1.104, 2.1.216 and 2.1.329, 2026-11; the order is
 * told in docs/precedence.md). `settings` stand over the process environment; an empty value is unset.
 */
export function rankSources(world: World): Ranking {
  const scene = sceneOf(world);
  const logins = loginsIn(scene);
  const isHelperUnread = scene.helper === null && world.settings.apiKeyHelper !== null;
  const candidates = [...cloudsIn(scene), ...keysIn(scene), ...(scene.isBare ? [] : logins)];
  const unread = [
    ...(isHelperUnread ? [keyed("apiKeyHelper")] : []),
    ...(scene.isBare ? logins : []),
  ];
  const sent = combined(candidates);
  const headers = headersOf(sent, scene);
  return { candidates, unread, sent, headers };
}

/** What of a ranking concerns which source is used, and who pays. */
export function effectiveOf({ candidates }: Ranking): Effective {
  const [winner, ...shadowed] = candidates;
  return {
    source: winner?.source ?? "none",
    billing: winner?.billing ?? "none",
    shadowed: [...new Set(shadowed.map(({ source }) => source))],
  };
}

/** `effectiveOf` the ranking of a place of which no more is known. */
export function effectiveSource(
  processEnv: Environment,
  settings: World["settings"],
  stored: StoredSource | null,
): Effective {
  return effectiveOf(rankSources({ env: processEnv, settings, stored }));
}

interface Scene extends World {
  readonly rules: BuildRules;
  readonly isBare: boolean;
  readonly helper: string | null;
  value(name: string): string;
  isSet(name: string): boolean;
}

function sceneOf(world: World): Scene {
  const { settings, rules = rulesOf(null) } = world;
  const env: Environment = { ...world.env, ...settings.env };
  const value = (name: string) => env[name] ?? "";
  const isBare = world.isBare === true || isYes(value("CLAUDE_CODE_SIMPLE"));
  return {
    ...world,
    rules,
    isBare,
    helper: isBare ? (settings.bareHelper ?? null) : settings.apiKeyHelper,
    value,
    isSet: (name) => (rules.trimsBlanks ? value(name).trim() : value(name)) !== "",
  };
}

/** What Claude Code takes for a yes in a variable; anything else is a no (measured 2026-11). */
export function isYes(value: string): boolean {
  return /^(1|true|yes|on)$/i.test(value.trim());
}

function cloudsIn({ value, rules }: Scene): Candidate[] {
  return CLOUDS.filter(([flag]) => isYes(value(flag)))
    .filter(([flag]) => rules.knowsGoogleCloud || !flag.endsWith("GOOGLE_CLOUD"))
    .map(([via, source]) => ({ source, via, billing: "cloud" }));
}

function keysIn({ isSet, helper, isBare }: Scene): Candidate[] {
  const key = KEY_VARIABLES.slice(0, isBare ? 1 : 2).find(isSet);
  return [
    ...(isSet("ANTHROPIC_AUTH_TOKEN") ? [keyed("ANTHROPIC_AUTH_TOKEN")] : []),
    ...(key === undefined ? [] : [keyed("ANTHROPIC_API_KEY", key)]),
    ...(helper === null ? [] : [keyed("apiKeyHelper")]),
  ];
}

/** The second one is not read under `--bare` (measured 2026-11). */
const KEY_VARIABLES = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR"] as const;

function keyed(source: Source, via: string = source): Candidate {
  return { source, via, billing: "api" };
}

/** What `--bare` does not read. A key of the Console outranks a chosen profile, and nothing else does. */
function loginsIn(scene: Scene): Candidate[] {
  const { stored, hasManagedKey = false } = scene;
  const token = TOKEN_VARIABLES.find(scene.isSet);
  const key = hasManagedKey ? [keyed("claude-file", MANAGED_KEY)] : [];
  // A token without its scope is of no use, and hides login and profile all the same.
  if (token !== undefined && !mayTokenInfer(scene)) return key;
  const [profile, via] = profileIn(scene);
  const named = keyed("profile", via);
  return [
    ...(token === undefined ? [] : [subscription("CLAUDE_CODE_OAUTH_TOKEN", token)]),
    ...(profile === "chosen" ? [...key, named] : []),
    ...(stored === null ? [] : [subscription(stored, stored)]),
    ...(profile === "chosen" ? [] : key),
    ...(profile === "fallback" ? [named] : []),
  ];
}

function subscription(source: Source, via: string): Candidate {
  return { source, via, billing: "subscription" };
}

export const TOKEN_VARIABLES = [
  "CLAUDE_CODE_OAUTH_TOKEN",
  "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
] as const;

function mayTokenInfer({ value, rules }: Scene): boolean {
  return !rules.readsScopes || mayInfer(value("CLAUDE_CODE_OAUTH_SCOPES"));
}

/** True where the scopes that a variable names, if it names any, let a token ask a model. */
export function mayInfer(scopes: string): boolean {
  const text = scopes.trim();
  return text === "" || text.split(/[\s,]+/).includes("user:inference");
}

/** The role of a profile, and the variable that gives it that role. */
function profileIn(scene: Scene): readonly [ProfileRole | null, string] {
  const { rules, isSet, profile } = scene;
  const isFederated = ["ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID"].every(isSet);
  const variable = isSet("ANTHROPIC_PROFILE")
    ? "ANTHROPIC_PROFILE"
    : isFederated
      ? "ANTHROPIC_FEDERATION_RULE_ID"
      : null;
  if (!rules.readsProfiles) return [null, ""];
  if (profile === undefined) return [variable === null ? null : "chosen", variable ?? ""];
  return [profile, variable ?? "active profile"];
}

/** Whose values are sent: a bearer and a key are looked for on their own, so two sources can meet. */
function combined(candidates: readonly Candidate[]): Candidate[] {
  const [winner] = candidates;
  if (winner === undefined) return [];
  const isWith = (...sources: readonly string[]) =>
    candidates.find(({ source, via }) => sources.includes(source) || sources.includes(via));
  const key = isWith("ANTHROPIC_API_KEY") ?? isWith("apiKeyHelper") ?? isWith(MANAGED_KEY);
  const companion =
    winner.source === "ANTHROPIC_AUTH_TOKEN"
      ? key
      : winner.source === "ANTHROPIC_API_KEY"
        ? isWith("apiKeyHelper")
        : undefined;
  return companion === undefined ? [winner] : [winner, companion];
}

function headersOf(sent: readonly Candidate[], scene: Scene): AuthenticationHeader[] {
  const [winner] = sent;
  if (winner?.billing === "cloud") return [];
  const isKey = ({ source, via }: Candidate) =>
    source === "ANTHROPIC_API_KEY" || via === MANAGED_KEY;
  // Even where there is no other credential (measured 2026-11).
  const headers = new Set<AuthenticationHeader>(customHeaders(scene.value(CUSTOM_HEADERS)));
  if (sent.some((one) => !isKey(one))) headers.add("authorization");
  if (sent.some((one) => isKey(one) || one.via === HELPER)) headers.add("x-api-key");
  if (isBearerEmpty(scene)) headers.add("authorization");
  return (["authorization", "x-api-key"] as const).filter((name) => headers.has(name));
}

/** An older build sends an empty bearer where the variable is set to nothing. */
function isBearerEmpty({ rules, settings, env }: Scene): boolean {
  return !rules.trimsBlanks && { ...env, ...settings.env }["ANTHROPIC_AUTH_TOKEN"] === "";
}

/** The authentication headers that ANTHROPIC_CUSTOM_HEADERS adds or replaces. */
export function customHeaders(text: string): AuthenticationHeader[] {
  const names = text.split("\n").map((line) => line.split(":")[0]?.trim().toLowerCase());
  return (["authorization", "x-api-key"] as const).filter((name) => names.includes(name));
}
