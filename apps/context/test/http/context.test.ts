import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { Trouble } from "../../src/core/trouble.ts";
import { stated } from "../support/invented.ts";
import { sqliteStore } from "../../src/storage/sqlite-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type FaceOptions, jsonIn, openFace } from "../support/face.ts";

const MESSAGES = "/api/v1/entities/ada/messages";
const FACTS = "/api/v1/entities/ada/facts";

async function faceWith(texts: readonly string[], options: FaceOptions = {}) {
  const face = openFace(options);
  await face.call("PUT", "/api/v1/entities/ada", { name: "Ada" });
  const messages = texts.map((text, at) => ({ key: `k${at}`, text }));
  if (texts.length > 0) await face.call("POST", `${MESSAGES}/bulk`, { messages });
  const ask = (init: RequestInit = {}) =>
    face.call("POST", "/api/v1/context", { entityId: "ada" }, init);
  return { ...face, ask };
}

const LOGIN_ENDED = new Trouble({
  code: "login_ended",
  status: 503,
  title: "this login has ended",
  detail: "invalid_grant",
  retryable: false,
  action: { message: "a person must sign in again", command: "claude auth login", by: "person" },
});

describe("POST /api/v1/context", () => {
  it("answers with summary, cited facts, sources, credential and usage", async () => {
    const { ask } = await faceWith(["I moved to Turin.", "Nice weather."], {
      read: async () => ({
        summary: "Ada is in Turin.",
        added: [stated("Ada lives in Turin.", "m1")],
      }),
    });
    const response = await ask();
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      entityId: "ada",
      entityName: "Ada",
      summary: "Ada is in Turin.",
      facts: [
        {
          factId: "f1",
          text: "Ada lives in Turin.",
          confidence: 0.8,
          sourceMessageIds: ["m1"],
          updatedAt: expect.stringMatching(/^2026-/),
        },
      ],
      sources: {
        hotMessagesCount: 2,
        factsIncluded: 1,
        factsKnown: 1,
        messagesKnown: 2,
        messagesRead: 2,
        messagesUnread: 0,
      },
      extraction: {
        outcome: "facts_changed",
        added: 1,
        updated: 0,
        withdrawn: 0,
        duplicates: 0,
        rejected: 0,
      },
      stale: false,
      generatedAt: expect.stringMatching(/^2026-/),
      credential: { auth: "api-key", kind: "api-key", source: "ANTHROPIC_API_KEY", backend: "api" },
      usage: {
        questions: 1,
        inputTokens: 10,
        outputTokens: 5,
        cacheCreationInputTokens: 0,
        cacheReadInputTokens: 0,
        costUsd: null,
        model: "claude-test",
      },
    });
  });

  it("tells no facts, nothing new, and no messages apart", async () => {
    const { ask, call } = await faceWith(["Nice weather."]);
    const outcome = async (response: Promise<Response>) =>
      ((await jsonIn(response))["extraction"] as { outcome: string }).outcome;
    expect(await outcome(ask())).toBe("no_facts_in_these_messages");
    expect(await outcome(ask())).toBe("no_new_messages");
    await call("PUT", "/api/v1/entities/bob", { name: "Bob" });
    const empty = await jsonIn(call("POST", "/api/v1/context", { entityId: "bob" }));
    expect(empty).toMatchObject({ extraction: { outcome: "no_messages" }, credential: null });
    expect(empty).toMatchObject({ summary: null, facts: [], usage: { questions: 0 } });
  });

  it("reads a backlog batch by batch, and says what is left unread", async () => {
    const texts = Array.from({ length: 10 }, (_, at) => `message ${at}`);
    const { ask, asked } = await faceWith(texts);
    const first = await jsonIn(ask());
    expect(asked.map(({ unread }) => [...unread])).toEqual([
      ["m1", "m2", "m3"],
      ["m4", "m5", "m6"],
      ["m7", "m8", "m9"],
    ]);
    expect(asked.at(-1)?.messages.map(({ id }) => id)).toEqual(["m7", "m8", "m9", "m10"]);
    expect(first).toMatchObject({
      sources: { messagesRead: 9, messagesUnread: 1 },
      usage: { questions: 3 },
    });
    expect((await jsonIn(ask()))["sources"]).toMatchObject({ messagesRead: 1, messagesUnread: 0 });
  });

  it("is a problem with an action where Claude could not look, with the facts of before and their age", async () => {
    let isWell = true;
    const { ask, call } = await faceWith(["I moved to Turin."], {
      read: async () => {
        if (!isWell) throw LOGIN_ENDED;
        return { summary: "Ada is in Turin.", added: [stated("Ada lives in Turin.", "m1")] };
      },
    });
    await ask();
    isWell = false;
    const response = await ask();
    expect([response.status, response.headers.get("content-type")]).toEqual([
      503,
      "application/problem+json",
    ]);
    expect(response.headers.get("retry-after")).toBeNull();
    const body = await jsonIn(response);
    expect(body).toMatchObject({
      type: "urn:pilotlight:context:login_ended",
      status: 503,
      code: "login_ended",
      retryable: false,
      action: { command: "claude auth login", by: "person" },
      entityId: "ada",
      entityName: "Ada",
      stale: true,
      summary: "Ada is in Turin.",
      facts: [{ text: "Ada lives in Turin.", sourceMessageIds: ["m1"] }],
    });
    expect(body["factsAgeSeconds"]).toBeGreaterThan(0);
    expect(await jsonIn(call("GET", FACTS))).toMatchObject({
      stale: true,
      messagesUnread: 0,
      lastFailure: { code: "login_ended" },
      facts: [{ text: "Ada lives in Turin." }],
    });
    isWell = true;
    await ask();
    expect(await jsonIn(call("GET", FACTS))).toMatchObject({ stale: false, lastFailure: null });
  });

  it("has no empty list for facts that nobody ever looked for", async () => {
    const { ask } = await faceWith(["I moved."], { read: () => Promise.reject(LOGIN_ENDED) });
    expect(await jsonIn(ask())).toMatchObject({
      facts: null,
      factsAsOf: null,
      factsAgeSeconds: null,
    });
  });

  it("says when to come back, and keeps the batches that were read", async () => {
    let questions = 0;
    const busy = new Trouble({
      code: "overloaded",
      status: 503,
      title: "busy",
      detail: "529",
      retryable: true,
      retryAfter: 7,
    });
    const { ask } = await faceWith(["1", "2", "3", "4"], {
      read: async () => {
        questions += 1;
        if (questions === 2) throw busy;
        return { added: [stated(`Fact ${questions}.`, "m1")] };
      },
    });
    const response = await ask();
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "7"]);
    expect(await response.json()).toMatchObject({
      retryAfterSeconds: 7,
      facts: [{ text: "Fact 1." }],
    });
    expect((await jsonIn(ask()))["sources"]).toMatchObject({ messagesRead: 1 });
  });

  it("reads smaller parts of what says more than an answer has room for", async () => {
    const cut = new Trouble({ ...LOGIN_ENDED.facts, code: "structured_output_missing" });
    const { ask, asked } = await faceWith(["1", "2", "3"], {
      read: async ({ unread }) => {
        if (unread.size > 2) throw cut;
        return {};
      },
    });
    expect((await jsonIn(ask()))["sources"]).toMatchObject({ messagesRead: 3, messagesUnread: 0 });
    expect(asked.map(({ unread }) => unread.size)).toEqual([3, 2, 1]);
    const alone = await faceWith(["1"], { read: () => Promise.reject(cut) });
    expect(await jsonIn(alone.ask())).toMatchObject({ code: "structured_output_missing" });
    expect(alone.asked).toHaveLength(1);
  });

  it("reads again where somebody changed the facts meanwhile", async () => {
    let questions = 0;
    const face = await faceWith(["one"], {
      read: async () => {
        questions += 1;
        if (questions === 2) await face.call("DELETE", `${FACTS}/f1`);
        return { added: [stated(`Fact ${questions}.`, "m1")] };
      },
    });
    await face.ask();
    expect(await jsonIn(face.ask())).toMatchObject({
      facts: [{ text: "Fact 3." }],
      usage: { questions: 2 },
    });
  });

  it("gives two who ask at once one answer, and asks once", async () => {
    const { ask, asked } = await faceWith(["one"]);
    const [one, other] = await Promise.all([jsonIn(ask()), jsonIn(ask())]);
    expect(one).toEqual(other);
    expect(asked).toHaveLength(1);
  });

  it("has room for so many and turns away the next, who may come back", async () => {
    const gate = Promise.withResolvers<void>();
    const face = await faceWith(["one"], {
      capacity: 1,
      read: () => gate.promise.then(() => ({})),
    });
    await face.call("PUT", "/api/v1/entities/bob", { name: "Bob" });
    await face.call("POST", "/api/v1/entities/bob/messages", { text: "hello" });
    const first = face.ask();
    await until(() => face.asked.length === 1);
    const other = await face.call("POST", "/api/v1/context", { entityId: "bob" });
    expect([other.status, other.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await other.json()).toMatchObject({ code: "queue_full", retryable: true });
    gate.resolve();
    expect((await first).status).toBe(200);
  });

  it("lets in so many requests at once, and health always", async () => {
    const gate = Promise.withResolvers<void>();
    const face = await faceWith(["one"], {
      mostRequests: 1,
      read: () => gate.promise.then(() => ({})),
    });
    const first = face.ask();
    await until(() => face.asked.length === 1);
    const other = await face.call("GET", FACTS);
    expect([other.status, other.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await face.call("GET", "/livez")).status).toBe(200);
    gate.resolve();
    await first;
    expect((await face.call("GET", FACTS)).status).toBe(200);
  });

  it("gives up the question when the last one who waited has gone, and not before", async () => {
    let isGivenUp = false;
    const face = await faceWith(["one"], {
      read: (_assembly, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            isGivenUp = true;
            reject(signal.reason as Error);
          });
        }),
    });
    const [one, other] = [new AbortController(), new AbortController()];
    const answers = [one, other].map(({ signal }) => face.ask({ signal, ...JSON_BODY }));
    await until(() => face.asked.length === 1);
    one.abort();
    await answers[0];
    expect(isGivenUp).toBe(false);
    other.abort();
    await answers[1];
    expect(isGivenUp).toBe(true);
    expect(face.desk.counts().running).toBe(0);
    expect(face.lines.filter(({ status }) => status === 499)).toHaveLength(2);
  });

  it("ends what runs when the service does, and takes no more", async () => {
    const face = await faceWith(["one"], {
      read: (_assembly, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    });
    const first = face.ask();
    await until(() => face.asked.length === 1);
    await face.desk.close(10);
    expect(await jsonIn(first)).toMatchObject({ code: "shutting_down", status: 503 });
    expect(await jsonIn(face.ask())).toMatchObject({ code: "shutting_down" });
  });

  it("does not know an entity that is not there", async () => {
    const { call } = openFace();
    const response = await call("POST", "/api/v1/context", { entityId: "ada" });
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { code: "entity_unknown" },
    ]);
  });

  it("says that the database is in trouble, and does not take it for no facts", async () => {
    const path = join(temporaryFolder(), "context.db");
    const face = await faceWith(["one"], { store: sqliteStore(path) });
    const other = new DatabaseSync(path);
    other.exec("DROP TABLE facts");
    other.close();
    for (const response of [await face.ask(), await face.call("GET", FACTS)]) {
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(await response.json()).toMatchObject({ code: "storage_unavailable", retryable: true });
    }
    expect(face.asked).toEqual([]);
    await face.store.close();
  });

  it("is a bug, in the log and not in the answer, where something unknown is thrown", async () => {
    const face = await faceWith(["one"], { read: () => Promise.reject(new Error("inner words")) });
    const response = await face.ask();
    const text = await response.text();
    expect([response.status, text]).toEqual([500, expect.not.stringContaining("inner words")]);
    expect(face.lines.at(-1)).toMatchObject({
      code: "bug",
      error: expect.stringContaining("inner words"),
    });
  });
});

describe("GET /api/v1/entities/{entityId}/progress", () => {
  it("tells each step as an event", async () => {
    const gate = Promise.withResolvers<void>();
    const face = await faceWith(["one"], { read: () => gate.promise.then(() => ({})) });
    const watching = await face.call("GET", "/api/v1/entities/ada/progress");
    expect(watching.headers.get("content-type")).toBe("text/event-stream");
    const asked = face.ask();
    gate.resolve();
    await asked;
    const text = await eventsUntil(watching, "done");
    const events = [...text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event);
    expect(events).toEqual(["idle", "asked", "reading", "stored", "done"]);
    expect(text).toContain('data: {"messages":1,"new":1,"hot":1,"facts":0,"question":1}');
  });

  it("tells a failure by its code, and has room for so many", async () => {
    const face = await faceWith(["one"], { read: () => Promise.reject(LOGIN_ENDED) });
    const path = "/api/v1/entities/ada/progress";
    const [one, other] = [await face.call("GET", path), await face.call("GET", path)];
    expect(await jsonIn(face.call("GET", path))).toMatchObject({
      code: "watchers_full",
      status: 503,
    });
    await face.ask();
    expect(await eventsUntil(one, "failed")).toContain('data: {"code":"login_ended"}');
    await other.body?.cancel();
    await until(() => face.board.listen("bob", () => undefined) !== null);
  });

  it("ends with the service", async () => {
    const face = await faceWith([]);
    const watching = await face.call("GET", "/api/v1/entities/ada/progress");
    face.ending.abort();
    expect(await watching.text()).toContain("event: idle");
  });
});

const JSON_BODY = { headers: { "content-type": "application/json" } };

async function eventsUntil(response: Response, last: string): Promise<string> {
  let text = "";
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  while (!text.includes(`event: ${last}\n`)) {
    const part = await reader?.read();
    if (part === undefined || part.done) break;
    text += part.value;
  }
  // The data of the last event may come in a part of its own.
  if (!text.endsWith("\n\n")) text += (await reader?.read())?.value ?? "";
  await reader?.cancel();
  return text;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
