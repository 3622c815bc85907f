import type { Fact } from "./fact.ts";
import type { Entity } from "./message.ts";

/** Whose move it is, and what helps. */
export interface Action {
  readonly message: string;
  /** What can be typed as it stands. */
  readonly command: string | null;
  readonly by: string;
}

/** What a caller is told of a failure, in place of an answer (RFC 9457). */
export interface TroubleFacts {
  readonly code: string;
  readonly status: 400 | 401 | 404 | 405 | 409 | 413 | 415 | 421 | 422 | 500 | 503;
  readonly title: string;
  readonly detail: string;
  /** Whether the same request can succeed later without anybody doing anything. */
  readonly retryable: boolean;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly action?: Action;
  /** Of the request that Anthropic refused. */
  readonly requestId?: string;
  /** What was known before, where a context was asked for. */
  readonly lastKnown?: LastKnown;
}

/** Facts that are served although nobody could look for newer ones. */
export interface LastKnown {
  readonly entity: Entity;
  readonly summary: string | null;
  readonly facts: readonly Fact[];
  /** Epoch ms at which they were read; `null` where they never were. */
  readonly readAt: number | null;
}

/** The one class that this service throws. */
export class Trouble extends Error {
  readonly facts: TroubleFacts;

  constructor(facts: TroubleFacts, options?: ErrorOptions) {
    super(`${facts.code}: ${facts.detail}`, options);
    this.name = "Trouble";
    this.facts = facts;
  }
}
