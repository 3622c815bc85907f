import type { Fact } from "../core/fact.ts";
import type { CredentialUsed, Usage } from "../core/reader.ts";
import type { Tally } from "../core/reading.ts";

/** What is known of an entity now. Times are epoch ms. */
export interface Context {
  readonly entityId: string;
  readonly entityName: string;
  /** `null` where there is nothing to sum up. */
  readonly summary: string | null;
  readonly facts: readonly Fact[];
  readonly sources: Sources;
  readonly extraction: Extraction;
  readonly generatedAt: number;
  /** `null` where nothing had to be asked. */
  readonly credential: CredentialUsed | null;
  readonly usage: Usage;
}

interface Sources {
  readonly hotMessagesCount: number;
  readonly factsIncluded: number;
  /** Facts that hold, whether or not there was room for them. */
  readonly factsKnown: number;
  readonly messagesKnown: number;
  /** Messages that were read for facts for the first time by this request. */
  readonly messagesRead: number;
  /** Messages that still wait to be read for facts. */
  readonly messagesUnread: number;
}

/** Tells "no facts in these messages" from "there were none to look at". That it could not look is never here, but an error. */
export interface Extraction extends Tally {
  readonly outcome:
    "facts_changed" | "no_facts_in_these_messages" | "no_new_messages" | "no_messages";
}

export function outcomeOf(tally: Tally, messagesRead: number): Extraction["outcome"] {
  const { added, updated, withdrawn, duplicates } = tally;
  if (added + updated + withdrawn + duplicates > 0) return "facts_changed";
  return messagesRead > 0 ? "no_facts_in_these_messages" : "no_new_messages";
}
