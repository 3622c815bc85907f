import type { Fingerprint } from "../core/credential.ts";

/** Something that happened to a login. Holds no secret: tokens are fingerprints, texts are scrubbed. */
export interface HistoryEntry {
  /** Epoch ms. */
  readonly at: number;
  readonly login: string;
  readonly kind: "refresh" | "run" | "verdict" | "login";
  /** An outcome or an error code: `refreshed`, `ok`, `usage_limit`. */
  readonly code: string;
  /** Exit status of a run. */
  readonly exit: number | null;
  readonly durationMs: number | null;
  readonly from: Fingerprint | null;
  readonly to: Fingerprint | null;
  readonly requestId: string | null;
  readonly detail: string | null;
}

export interface HistoryQuery {
  /** Epoch ms. */
  readonly since: number;
  readonly limit: number;
  readonly login?: string | undefined;
}

/** What is kept: the newest rows, and none older than 90 days (ms). */
export interface HistoryBounds {
  readonly rows: number;
  readonly age: number;
}
