import { contextApp, type LogLine } from "../../src/http/app.ts";
import { type Answer, NOTHING_SPENT, type Reader } from "../../src/core/reader.ts";
import type { Reading } from "../../src/core/reading.ts";
import type { Assembly } from "../../src/core/assemble-context.ts";
import { contextDesk } from "../../src/service/context-desk.ts";
import type { HealthReport } from "../../src/service/health.ts";
import { progressBoard } from "../../src/service/progress-board.ts";
import type { ContextStore } from "../../src/storage/context-store.ts";
import { memoryStore } from "../../src/storage/memory-store.ts";
import { NOW, reading } from "./invented.ts";

export interface FaceOptions {
  readonly store?: ContextStore;
  /** Reads a question; what it throws is thrown. */
  readonly read?: (assembly: Assembly, signal: AbortSignal) => Promise<Partial<Reading>>;
  readonly capacity?: number;
  readonly questions?: number;
  readonly token?: string;
  readonly mostRequests?: number;
}

/** The HTTP face over a store in memory and a reader of the test's own; time goes on by a second with each look at it. */
export function openFace(options: FaceOptions = {}) {
  const { store = memoryStore(), capacity = 4, questions = 3, token = null } = options;
  const room = { hot: 3, batch: 3, facts: 10, characters: 1000 };
  const asked: Assembly[] = [];
  const lines: LogLine[] = [];
  let [time, id] = [NOW, 0];
  const now = () => (time += 1000);
  const newId = () => `f${(id += 1)}`;
  const read = options.read ?? (() => Promise.resolve({}));
  const reader: Reader = {
    async read(assembly, { signal }) {
      asked.push(assembly);
      return answer(reading(await read(assembly, signal)));
    },
  };
  const board = progressBoard(2);
  const desk = contextDesk({ store, reader, room, questions, now, newId }, board, capacity);
  const ending = new AbortController();
  const app = contextApp({
    store,
    desk,
    board,
    health: () =>
      Promise.resolve({ status: "ok", warnings: [] as const } as unknown as HealthReport),
    metrics: () => Promise.resolve("# none\n"),
    now,
    ending: ending.signal,
    mostRequests: options.mostRequests ?? 64,
    log: (line) => void lines.push(line),
    hosts: ["context"],
    token,
  });
  const call = async (method: string, path: string, body?: unknown, init: RequestInit = {}) =>
    app.request(`http://localhost${path}`, {
      method,
      ...(body !== undefined && {
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
      ...init,
    });
  return { app, call, store, desk, board, asked, lines, ending };
}

/** Of an answer that must be JSON. */
export async function jsonIn(
  response: Response | Promise<Response>,
): Promise<Record<string, unknown>> {
  return (await (await response).json()) as Record<string, unknown>;
}

function answer(one: Reading): Answer {
  return {
    reading: one,
    usage: {
      ...NOTHING_SPENT,
      questions: 1,
      inputTokens: 10,
      outputTokens: 5,
      model: "claude-test",
    },
    credential: { auth: "api-key", kind: "api-key", source: "ANTHROPIC_API_KEY", backend: "api" },
  };
}
