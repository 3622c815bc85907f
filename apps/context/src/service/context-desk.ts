import { surest } from "../core/fact.ts";
import { Trouble } from "../core/trouble.ts";
import type { Context } from "./context.ts";
import { type ContextParts, provideContext } from "./provide-context.ts";
import type { ProgressBoard } from "./progress-board.ts";
import { storageTrouble } from "./storage-trouble.ts";

/** Where contexts are asked for: bounded, and one at a time for each entity. */
export interface ContextDesk {
  /** Whoever asks for an entity that is being read gets that answer. Ends with the last one who waits. @throws Trouble */
  ask(entityId: string, signal: AbortSignal): Promise<Context>;
  counts(): { readonly running: number; readonly capacity: number };
  /** Takes no more, gives those that run `graceMs`, then ends them; resolves when all have ended. */
  close(graceMs: number): Promise<void>;
}

interface Flight {
  readonly answer: Promise<Context>;
  readonly leaving: AbortController;
  waiting: number;
}

/** @param capacity contexts that are made or wait to be made at once */
export function contextDesk(
  parts: ContextParts,
  board: ProgressBoard,
  capacity: number,
): ContextDesk {
  const flights = new Map<string, Flight>();
  let isClosed = false;
  const begin = (entityId: string): Flight => {
    if (isClosed) throw CLOSING;
    if (flights.size >= capacity) throw FULL;
    const leaving = new AbortController();
    const answer = make(parts, board, entityId, leaving.signal).finally(() =>
      flights.delete(entityId),
    );
    // Everybody who waits hears of it; that nobody waits any more is no error.
    answer.catch(() => undefined);
    const flight = { answer, leaving, waiting: 0 };
    flights.set(entityId, flight);
    return flight;
  };
  return {
    async ask(entityId, signal) {
      signal.throwIfAborted();
      const flight = flights.get(entityId) ?? begin(entityId);
      return waitFor(flight, signal);
    },
    counts: () => ({ running: flights.size, capacity }),
    async close(graceMs) {
      isClosed = true;
      const all = [...flights.values()];
      const timer = setTimeout(() => {
        for (const { leaving } of all) leaving.abort(CLOSING);
      }, graceMs);
      await Promise.allSettled(all.map(({ answer }) => answer));
      clearTimeout(timer);
    },
  };
}

async function waitFor(flight: Flight, signal: AbortSignal): Promise<Context> {
  const gone = Promise.withResolvers<never>();
  const leave = () => {
    flight.waiting -= 1;
    if (flight.waiting === 0) flight.leaving.abort(signal.reason);
    gone.reject(signal.reason as Error);
  };
  flight.waiting += 1;
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([flight.answer, gone.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

async function make(
  parts: ContextParts,
  board: ProgressBoard,
  entityId: string,
  signal: AbortSignal,
): Promise<Context> {
  const tell = board.tell.bind(null, entityId);
  tell({ phase: "asked" });
  try {
    const context = await provideContext(parts, entityId, { signal, tell });
    tell({ phase: "done" });
    return context;
  } catch (error) {
    const trouble = signal.aborted ? null : storageTrouble(error);
    tell({ phase: "failed", code: trouble instanceof Trouble ? trouble.facts.code : "cancelled" });
    if (trouble === null) throw error;
    throw await withWhatIsKnown(parts, entityId, trouble);
  }
}

/** Notes the failure, and adds what was known before, as old as it is. */
async function withWhatIsKnown(
  { store, room, now }: ContextParts,
  entityId: string,
  trouble: unknown,
): Promise<unknown> {
  if (!(trouble instanceof Trouble) || trouble.facts.status !== 503) return trouble;
  const { facts } = trouble;
  try {
    await store.noteFailure(entityId, { code: facts.code, at: now() });
    const known = await store.snapshot(entityId, { hot: 0, unread: 0 });
    if (known === null) return trouble;
    const { summary, readAt } = known.progress;
    const lastKnown = {
      entity: known.entity,
      summary,
      readAt,
      facts: surest(known.facts, room.facts),
    };
    return new Trouble({ ...facts, lastKnown }, { cause: trouble });
  } catch {
    // The store is in trouble as well: nothing is known, and the first failure is the one to tell.
    return trouble;
  }
}

const FULL = new Trouble({
  code: "queue_full",
  status: 503,
  title: "as many contexts are being made as there is room for",
  detail: "nothing was asked and nothing was stored",
  retryable: true,
  retryAfter: 5,
});

const CLOSING = new Trouble({
  code: "shutting_down",
  status: 503,
  title: "the service is ending",
  detail: "it takes no more questions; another one will, or this one once it is back",
  retryable: true,
  retryAfter: 10,
});
