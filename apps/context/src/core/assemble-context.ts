import { type Fact, surest } from "./fact.ts";
import type { Entity, Message } from "./message.ts";
import type { Snapshot } from "./snapshot.ts";

/** How much of an entity goes into one question. */
export interface Room {
  /** Newest messages. */
  readonly hot: number;
  /** Messages that are read for facts at once. */
  readonly batch: number;
  readonly facts: number;
  /** Of either kind of messages; one longer than that is shown all the same. */
  readonly characters: number;
}

/** What Claude is shown. */
export interface Assembly {
  readonly entity: Entity;
  /** Oldest first, each once. */
  readonly messages: readonly Message[];
  /** The ids among them that were never read before. */
  readonly unread: ReadonlySet<string>;
  readonly facts: readonly Fact[];
  /** How many of the newest are among the messages. */
  readonly hot: number;
  /** True where the summary of the answer is the one that was asked for: the newest messages are in. */
  readonly isFinal: boolean;
  /** The position up to which messages have been read after it. */
  readonly readUpTo: number;
}

/**
 * Chooses what goes into the next question. A backlog is read batch by batch; the newest messages join its last batch.
 * @param mayGoOn whether another question may follow for what is left
 */
export function assembleContext(snapshot: Snapshot, room: Room, mayGoOn: boolean): Assembly {
  const { entity, progress, facts } = snapshot;
  const unread = fitting(snapshot.unread, room.characters);
  const readUpTo = unread.at(-1)?.position ?? progress.readUpTo;
  const isFinal = !mayGoOn || readUpTo >= progress.messageCount;
  const hot = isFinal ? fitting(snapshot.hot.toReversed(), room.characters) : [];
  const messages = new Map([...hot, ...unread].map((message) => [message.id, message]));
  return {
    entity,
    messages: [...messages.values()].toSorted(
      (a, b) => a.sentAt - b.sentAt || a.position - b.position,
    ),
    unread: new Set(unread.map(({ id }) => id)),
    facts: surest(facts, room.facts),
    hot: hot.length,
    isFinal,
    readUpTo,
  };
}

/** The first ones that have room, and one at least. */
function fitting(messages: readonly Message[], characters: number): readonly Message[] {
  let left = characters;
  const end = messages.findIndex(({ text }, at) => (left -= text.length) < 0 && at > 0);
  return end === -1 ? messages : messages.slice(0, end);
}
