import { type ErrorCode, PilotlightError, traitsOf } from "../core/errors.ts";
import type { AskResult, Backend } from "./ask.ts";
import type { AskMetrics } from "./metrics.ts";

/** What one question fails with, and the next may not. */
const OF_ONE_ASK: readonly ErrorCode[] = [
  "claude_failed",
  "scope_missing",
  "silent_exit",
  "structured_output_missing",
  "usage",
];

/** How things stand, for a service that embeds this. */
export interface Health {
  readonly running: number;
  readonly waiting: number;
  readonly concurrency: number;
  /** False from a failure of credential or configuration, which calls for a person, until the next answer. */
  readonly isWell: boolean;
  readonly lastError: {
    readonly code: ErrorCode;
    readonly detail: string;
    /** ISO 8601. */
    readonly at: string;
  } | null;
}

/** Counts asks, and knows how things stand. */
export interface Bookkeeping {
  readonly metrics: AskMetrics;
  succeeded(result: AskResult): void;
  failed(
    backend: Backend,
    error: unknown,
    how: { readonly ms: number; readonly isCancelled: boolean },
  ): void;
  state(): Pick<Health, "isWell" | "lastError">;
}

export function bookkeeping(metrics: AskMetrics): Bookkeeping {
  let isWell = true;
  let lastError: Health["lastError"] = null;
  return {
    metrics,
    succeeded(result) {
      metrics.succeeded(result);
      isWell = true;
    },
    failed(backend, error, { ms, isCancelled }) {
      const isOurs = error instanceof PilotlightError;
      metrics.failed(backend, isOurs ? error.code : isCancelled ? "cancelled" : "other", ms);
      if (!isOurs) return;
      lastError = { code: error.code, detail: error.message, at: new Date().toISOString() };
      const { mover } = traitsOf(error.code);
      const isOfPerson = mover === "person" || mover === "admin";
      if (isOfPerson && !OF_ONE_ASK.includes(error.code)) isWell = false;
    },
    state: () => ({ isWell, lastError }),
  };
}
