import { type ErrorCode, PilotlightError, traitsOf } from "../core/errors.ts";
import type { AskResult, Backend } from "./ask.ts";
import type { AskMetrics } from "./metrics.ts";

/** How things stand, for a service that embeds this. */
export interface Health {
  readonly running: number;
  readonly waiting: number;
  readonly concurrency: number;
  /** False from a failure that calls for a person until the next answer. */
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
  failed(backend: Backend, error: unknown, ms: number): void;
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
    failed(backend, error, ms) {
      const isOurs = error instanceof PilotlightError;
      metrics.failed(backend, isOurs ? error.code : "other", ms);
      if (!isOurs) return;
      lastError = { code: error.code, detail: error.message, at: new Date().toISOString() };
      const { mover } = traitsOf(error.code);
      if (mover === "person" || mover === "admin") isWell = false;
    },
    state: () => ({ isWell, lastError }),
  };
}
