import type { Assembly } from "./assemble-context.ts";
import type { Reading } from "./reading.ts";

/** Who answered, by which credential. */
export interface CredentialUsed {
  readonly auth: "api-key" | "subscription";
  /** `api-key`, `oauth`, `setup-token` … */
  readonly kind: string;
  /** Where it was found. */
  readonly source: string;
  readonly backend: string;
}

/** What answers have cost. */
export interface Usage {
  readonly questions: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
  /** `null` where nobody says. */
  readonly costUsd: number | null;
  readonly model: string | null;
}

export const NOTHING_SPENT: Usage = {
  questions: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheCreationInputTokens: 0,
  cacheReadInputTokens: 0,
  costUsd: null,
  model: null,
};

export function addUsage(one: Usage, other: Usage): Usage {
  const isTold = one.costUsd !== null || other.costUsd !== null;
  return {
    questions: one.questions + other.questions,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cacheCreationInputTokens: one.cacheCreationInputTokens + other.cacheCreationInputTokens,
    cacheReadInputTokens: one.cacheReadInputTokens + other.cacheReadInputTokens,
    costUsd: isTold ? (one.costUsd ?? 0) + (other.costUsd ?? 0) : null,
    model: other.model ?? one.model,
  };
}

/** One question, answered. */
export interface Answer {
  readonly reading: Reading;
  readonly usage: Usage;
  readonly credential: CredentialUsed;
}

interface ReadOptions {
  readonly signal: AbortSignal;
  /** Hears that the question is put once more, and why. */
  readonly onRetry: (retry: { readonly code: string; readonly inMs: number }) => void;
}

/** Reads messages for what they say. It never brings an empty reading for want of an answer: that is an error. */
export interface Reader {
  /** @throws Trouble where there is no answer, or the signal's reason */
  read(assembly: Assembly, options: ReadOptions): Promise<Answer>;
}
