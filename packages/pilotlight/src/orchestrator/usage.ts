import { type Fields, isObject } from "../core/json-object.ts";

/** Tokens of one answer, as all backends can tell them. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly serviceTier: string | null;
  /** By model, where Claude Code counts; empty on the API. */
  readonly models: Readonly<Record<string, ModelUsage>>;
}

export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly webSearchRequests: number;
  readonly costUsd: number;
}

/** The API, and Claude Code's `usage`, write with underscores. */
const TOTALS = {
  input_tokens: "inputTokens",
  output_tokens: "outputTokens",
  cache_creation_input_tokens: "cacheCreationInputTokens",
  cache_read_input_tokens: "cacheReadInputTokens",
} as const;

/** Claude Code's `modelUsage` is in camel case already, but for the money; its keys are names of models and stay as they are. */
const BY_MODEL = {
  inputTokens: "inputTokens",
  outputTokens: "outputTokens",
  cacheCreationInputTokens: "cacheCreationInputTokens",
  cacheReadInputTokens: "cacheReadInputTokens",
  webSearchRequests: "webSearchRequests",
  costUSD: "costUsd",
} as const;

/**
 * The one place where the mixed names of the sources become ours. Missing and odd numbers are 0.
 * @param usage `usage` of a message or a result
 * @param byModel `modelUsage` of a result
 */
export function usageFrom(usage: unknown, byModel: unknown = null): Usage {
  const fields = isObject(usage) ? usage : {};
  const tier = fields["service_tier"];
  const models = Object.entries(isObject(byModel) ? byModel : {}).map(
    ([model, one]) => [model, renamed(isObject(one) ? one : {}, BY_MODEL)] as const,
  );
  return {
    ...renamed(fields, TOTALS),
    serviceTier: typeof tier === "string" ? tier : null,
    models: Object.fromEntries(models),
  };
}

/** The way back, for whoever passes on what a source would have said. */
export function usageOnWire(usage: Usage): { readonly usage: Fields; readonly modelUsage: Fields } {
  const models = Object.entries(usage.models).map(
    ([model, one]) => [model, named(one, BY_MODEL)] as const,
  );
  return {
    usage: { ...named(usage, TOTALS), service_tier: usage.serviceTier },
    modelUsage: Object.fromEntries(models),
  };
}

type Numbers<T extends Readonly<Record<string, string>>> = { -readonly [K in T[keyof T]]: number };

function renamed<T extends Readonly<Record<string, string>>>(fields: Fields, names: T): Numbers<T> {
  const entries = Object.entries(names).map(([from, to]) => {
    const value = fields[from];
    return [to, typeof value === "number" && Number.isFinite(value) ? value : 0];
  });
  return Object.fromEntries(entries) as Numbers<T>;
}

function named(values: object, names: Readonly<Record<string, string>>): Fields {
  const entries = Object.entries(names).map(([to, from]) => [to, (values as Fields)[from]]);
  return Object.fromEntries(entries) as Fields;
}
