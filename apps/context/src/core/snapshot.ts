import type { Fact } from "./fact.ts";
import type { Entity, Message } from "./message.ts";

/** How far an entity has been read, and how the last attempt went. Times are epoch ms. */
export interface Progress {
  readonly messageCount: number;
  /** The position up to which messages have been read for facts. */
  readonly readUpTo: number;
  /** Counts the changes of facts; a reading is stored only on the facts it was made from. */
  readonly revision: number;
  readonly summary: string | null;
  /** When facts and summary were last made; `null` for never. */
  readonly readAt: number | null;
  /** The last failure since; `null` after a success. */
  readonly failure: Failure | null;
}

export interface Failure {
  readonly code: string;
  readonly at: number;
}

/** All that a context is made of, as it was at one moment. */
export interface Snapshot {
  readonly entity: Entity;
  readonly progress: Progress;
  /** The newest by the time at which they were sent, oldest first. */
  readonly hot: readonly Message[];
  /** The next ones to be read for facts, in the order in which they arrived. */
  readonly unread: readonly Message[];
  /** The facts that hold. */
  readonly facts: readonly Fact[];
}
