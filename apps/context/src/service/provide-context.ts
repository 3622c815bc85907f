import { type Assembly, assembleContext, type Room } from "../core/assemble-context.ts";
import { surest } from "../core/fact.ts";
import { type Merged, mergeFacts } from "../core/merge-facts.ts";
import { addUsage, type Answer, NOTHING_SPENT, type Reader } from "../core/reader.ts";
import { NOTHING_READ, sumOf } from "../core/reading.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { Trouble } from "../core/trouble.ts";
import type { ContextStore } from "../storage/context-store.ts";
import { type Context, outcomeOf } from "./context.ts";
import type { Tell } from "./progress-board.ts";

/** What a context is made with. */
export interface ContextParts {
  readonly store: ContextStore;
  readonly reader: Reader;
  readonly room: Room;
  /** Questions for one context, where a backlog has to be read. */
  readonly questions: number;
  /** Epoch ms. */
  readonly now: () => number;
  readonly newId: () => string;
}

/** Reads what is new and sums up what is known. @throws Trouble, or the signal's reason; what was stored before stays */
export async function provideContext(
  parts: ContextParts,
  entityId: string,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: Tell },
): Promise<Context> {
  let [tally, usage, read, overtaken, batch] = [
    NOTHING_READ,
    NOTHING_SPENT,
    0,
    0,
    parts.room.batch,
  ];
  for (let question = 1; ; question += 1) {
    const room = { ...parts.room, batch };
    const snapshot = await snapshotOf(parts, entityId, room);
    const isEmpty = snapshot.progress.messageCount === 0 && snapshot.facts.length === 0;
    if (isEmpty) return emptyContext(parts, snapshot);
    const mayGoOn = question < parts.questions;
    const assembly = assembleContext(snapshot, room, mayGoOn);
    tell({ phase: "reading", ...countsOf(assembly), question });
    const onRetry = (retry: { code: string; inMs: number }) => tell({ phase: "waiting", ...retry });
    const asked = await answerOrTrouble(parts.reader.read(assembly, { signal, onRetry }));
    if (asked instanceof Trouble) {
      // What says more than an answer has room for is read in smaller parts, or it would be in the way for ever.
      const isTooMuch =
        asked.facts.code === "structured_output_missing" && assembly.unread.size > 1;
      if (!isTooMuch || !mayGoOn) throw asked;
      batch = Math.ceil(assembly.unread.size / 2);
      continue;
    }
    usage = addUsage(usage, asked.usage);
    const merged = await keep(parts, { snapshot, assembly, answer: asked });
    if (merged === null) {
      overtaken += 1;
      if (overtaken > 2) throw OVERTAKEN;
      continue;
    }
    tally = sumOf(tally, merged.tally);
    read += assembly.unread.size;
    tell({ phase: "stored", ...merged.tally });
    if (assembly.isFinal) {
      const answer = { ...asked, usage };
      return contextOf(parts, { snapshot, assembly, merged, answer, tally, read });
    }
  }
}

async function answerOrTrouble(answer: Promise<Answer>): Promise<Answer | Trouble> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Trouble) return error;
    throw error;
  }
}

const OVERTAKEN = new Trouble({
  code: "overtaken",
  status: 503,
  title: "the facts changed while they were read",
  detail: "somebody else changed the facts of this entity three times meanwhile",
  retryable: true,
  retryAfter: 1,
});

async function snapshotOf(
  { store }: ContextParts,
  entityId: string,
  room: Room,
): Promise<Snapshot> {
  const snapshot = await store.snapshot(entityId, { hot: room.hot, unread: room.batch });
  if (snapshot !== null) return snapshot;
  throw unknownEntity(entityId);
}

export function unknownEntity(entityId: string): Trouble {
  return new Trouble({
    code: "entity_unknown",
    status: 404,
    title: "there is no such entity",
    detail: `no entity has the id ${JSON.stringify(entityId)}`,
    retryable: false,
    action: {
      message: "make it first: PUT /api/v1/entities/{entityId}",
      command: null,
      by: "client",
    },
  });
}

interface Step {
  readonly snapshot: Snapshot;
  readonly assembly: Assembly;
  readonly answer: Answer;
}

/** `null` where the facts have changed since the snapshot: what was read is about others. */
async function keep(
  parts: ContextParts,
  { snapshot, assembly, answer }: Step,
): Promise<Merged | null> {
  const { store, now, newId } = parts;
  const { entity, progress, facts } = snapshot;
  const shown = new Set(assembly.messages.map(({ id }) => id));
  const at = now();
  const merged = mergeFacts(facts, answer.reading, { shown, now: at, newId });
  // The summary of a batch from long ago is not the state of things now.
  const summary = assembly.isFinal ? answer.reading.summary : progress.summary;
  const isKept = await store.commit(entity.id, {
    revision: progress.revision,
    readUpTo: assembly.readUpTo,
    summary,
    changed: merged.changed,
    at,
  });
  return isKept ? merged : null;
}

interface Finished extends Step {
  readonly merged: Merged;
  readonly tally: Merged["tally"];
  readonly read: number;
}

function contextOf({ room, now }: ContextParts, finished: Finished): Context {
  const { snapshot, assembly, merged, answer, tally, read } = finished;
  const { entity, progress } = snapshot;
  const facts = surest(merged.live, room.facts);
  return {
    entityId: entity.id,
    entityName: entity.name,
    summary: answer.reading.summary,
    facts,
    sources: {
      hotMessagesCount: assembly.hot,
      factsIncluded: facts.length,
      factsKnown: merged.live.length,
      messagesKnown: progress.messageCount,
      messagesRead: read,
      messagesUnread: progress.messageCount - assembly.readUpTo,
    },
    extraction: { outcome: outcomeOf(tally, read), ...tally },
    generatedAt: now(),
    credential: answer.credential,
    usage: answer.usage,
  };
}

function emptyContext({ now }: ContextParts, { entity }: Snapshot): Context {
  return {
    entityId: entity.id,
    entityName: entity.name,
    summary: null,
    facts: [],
    sources: {
      hotMessagesCount: 0,
      factsIncluded: 0,
      factsKnown: 0,
      messagesKnown: 0,
      messagesRead: 0,
      messagesUnread: 0,
    },
    extraction: { outcome: "no_messages", ...NOTHING_READ },
    generatedAt: now(),
    credential: null,
    usage: NOTHING_SPENT,
  };
}

function countsOf({ messages, unread, hot, facts }: Assembly) {
  return { messages: messages.length, new: unread.size, hot, facts: facts.length };
}
