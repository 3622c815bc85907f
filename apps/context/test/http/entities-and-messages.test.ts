import { describe, expect, it } from "vitest";
import { stated } from "../support/invented.ts";
import { jsonIn, openFace } from "../support/face.ts";

const MESSAGES = "/api/v1/entities/ada/messages";

async function faceWithAda() {
  const face = openFace({ read: async () => ({ added: [stated("Ada sings.", "m1")] }) });
  await face.call("PUT", "/api/v1/entities/ada", { name: "Ada" });
  return face;
}

describe("entities", () => {
  it("are made once, named again, shown, listed and removed", async () => {
    const { call } = openFace();
    expect((await call("PUT", "/api/v1/entities/ada", { name: "Ada" })).status).toBe(201);
    expect((await call("PUT", "/api/v1/entities/ada", { name: "Ada L." })).status).toBe(200);
    expect(await jsonIn(call("GET", "/api/v1/entities/ada"))).toMatchObject({
      entityId: "ada",
      name: "Ada L.",
    });
    expect(await jsonIn(call("GET", "/api/v1/entities"))).toMatchObject({
      entities: [{ entityId: "ada" }],
    });
    expect((await call("DELETE", "/api/v1/entities/ada")).status).toBe(204);
    expect((await call("GET", "/api/v1/entities/ada")).status).toBe(404);
    expect((await call("DELETE", "/api/v1/entities/ada")).status).toBe(404);
  });
});

describe("messages", () => {
  it("are stored once by key, and refused whole where a key stands for another", async () => {
    const { call } = await faceWithAda();
    const first = await call("POST", MESSAGES, { key: "k", text: "one" });
    expect([first.status, await first.json()]).toEqual([
      201,
      { messageId: "m1", key: "k", isNew: true },
    ]);
    const again = await call("POST", MESSAGES, { key: "k", text: "one" });
    expect([again.status, await again.json()]).toEqual([
      200,
      { messageId: "m1", key: "k", isNew: false },
    ]);
    const messages = [
      { key: "l", text: "two" },
      { key: "k", text: "other" },
    ];
    const taken = await call("POST", `${MESSAGES}/bulk`, { messages });
    expect([taken.status, await taken.json()]).toMatchObject([409, { code: "message_key_taken" }]);
    expect((await jsonIn(call("GET", MESSAGES)))["messages"]).toHaveLength(1);
  });

  it("are stored in bulk, in their order, and listed page by page", async () => {
    const { call } = await faceWithAda();
    const messages = ["one", "two", "three"].map((text) => ({
      text,
      sentAt: "2026-11-20T10:00:00Z",
    }));
    expect(await jsonIn(call("POST", `${MESSAGES}/bulk`, { messages }))).toMatchObject({
      messages: [{ messageId: "m1" }, { messageId: "m2" }, { messageId: "m3" }],
    });
    expect(await jsonIn(call("GET", `${MESSAGES}?after=1&limit=1`))).toEqual({
      messages: [
        {
          messageId: "m2",
          position: 2,
          key: null,
          author: null,
          text: "two",
          sentAt: "2026-11-20T10:00:00.000Z",
        },
      ],
    });
  });

  it("lose what looks like a token", async () => {
    const { call } = await faceWithAda();
    await call("POST", MESSAGES, { text: "use sk-ant-oat01-TEST-invented please" });
    expect(await (await call("GET", MESSAGES)).text()).toContain("use [secret] please");
  });

  it.each([
    ["no JSON", "{", 400],
    ["no text", {}, 422],
    ["an empty text", { text: "  " }, 422],
    ["a text that is too long", { text: "x".repeat(4001) }, 422],
    ["a time that is none", { text: "one", sentAt: "yesterday" }, 422],
    ["a field that nobody knows", { text: "one", txet: 1 }, 422],
  ])("are refused with %s", async (_what, body, status) => {
    const { call } = await faceWithAda();
    const response = await call("POST", MESSAGES, body);
    expect([response.status, await response.json()]).toMatchObject([
      status,
      { code: "request_invalid", retryable: false },
    ]);
  });

  it("are refused without a content type of JSON, for an unknown entity, and in too large a body", async () => {
    const { call } = await faceWithAda();
    const plain = await call("POST", MESSAGES, undefined, { body: '{"text":"one"}' });
    expect([plain.status, await plain.json()]).toMatchObject([415, { code: "request_invalid" }]);
    expect((await call("POST", "/api/v1/entities/bob/messages", { text: "one" })).status).toBe(404);
    const large = await call("POST", `${MESSAGES}/bulk`, "x".repeat(4 * 1024 * 1024 + 1));
    expect([large.status, await large.json()]).toMatchObject([413, { code: "body_too_large" }]);
  });
});

describe("facts", () => {
  it("are listed with their age, withdrawn by hand, and shown then only when asked", async () => {
    const { call } = await faceWithAda();
    const facts = "/api/v1/entities/ada/facts";
    expect(await jsonIn(call("GET", facts))).toMatchObject({
      facts: [],
      factsAsOf: null,
      stale: false,
    });
    await call("POST", MESSAGES, { text: "la la" });
    expect(await jsonIn(call("GET", facts))).toMatchObject({ stale: true, messagesUnread: 1 });
    await call("POST", "/api/v1/context", { entityId: "ada" });
    expect(await jsonIn(call("GET", facts))).toMatchObject({
      facts: [{ factId: "f1" }],
      stale: false,
    });
    expect(await jsonIn(call("DELETE", `${facts}/f1`))).toMatchObject({
      withdrawn: { reason: "by hand" },
    });
    expect((await call("DELETE", `${facts}/f1`)).status).toBe(404);
    expect((await jsonIn(call("GET", facts)))["facts"]).toEqual([]);
    expect((await jsonIn(call("GET", `${facts}?withdrawn=true`)))["facts"]).toHaveLength(1);
  });
});

describe("the guard", () => {
  it("answers to its own names only, and to no page in a browser", async () => {
    const { app } = openFace();
    const get = (url: string, headers: Record<string, string> = {}) =>
      app.request(url, { headers });
    expect((await get("http://context:8080/livez")).status).toBe(200);
    const foreign = await get("http://evil.example/livez");
    expect([foreign.status, await foreign.json()]).toMatchObject([421, { code: "host_foreign" }]);
    expect((await get("http://127.0.0.1/livez", { origin: "http://evil.example" })).status).toBe(
      421,
    );
  });

  it("asks for the token where one is set, except for health", async () => {
    const { call } = openFace({ token: "a-token-of-the-test" });
    const refused = await call("GET", "/api/v1/entities");
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    const path = "/api/v1/entities";
    const by = (token: string) =>
      call("GET", path, undefined, { headers: { authorization: `Bearer ${token}` } });
    expect((await by("another")).status).toBe(401);
    expect((await by("a-token-of-the-test")).status).toBe(200);
    expect((await call("GET", "/healthz")).status).toBe(200);
  });

  it("serves no other method, and says where nothing is", async () => {
    const { call } = openFace();
    expect((await call("PATCH", "/api/v1/entities/ada")).status).toBe(405);
    expect(await jsonIn(call("GET", "/nowhere"))).toMatchObject({ code: "not_found", status: 404 });
  });

  it("logs method, path, status and code, and nothing of a body", async () => {
    const { call, lines } = await faceWithAda();
    await call("POST", MESSAGES, { text: "private words" });
    expect(lines.at(-1)).toEqual({
      method: "POST",
      path: MESSAGES,
      status: 201,
      ms: expect.any(Number),
    });
    expect(JSON.stringify(lines)).not.toContain("private");
  });
});

describe("GET /openapi.json", () => {
  it("describes every route, with its problems", async () => {
    const { call } = openFace();
    const { openapi, paths } = (await jsonIn(call("GET", "/openapi.json"))) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    expect(openapi).toBe("3.1.0");
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(routes.toSorted()).toEqual([
      "delete /api/v1/entities/{entityId}",
      "delete /api/v1/entities/{entityId}/facts/{factId}",
      "get /api/v1/entities",
      "get /api/v1/entities/{entityId}",
      "get /api/v1/entities/{entityId}/facts",
      "get /api/v1/entities/{entityId}/messages",
      "get /api/v1/entities/{entityId}/progress",
      "get /healthz",
      "get /livez",
      "get /metrics",
      "post /api/v1/context",
      "post /api/v1/entities/{entityId}/messages",
      "post /api/v1/entities/{entityId}/messages/bulk",
      "put /api/v1/entities/{entityId}",
    ]);
    expect(Object.keys(paths["/api/v1/context"]?.["post"]?.responses ?? {})).toContain("503");
  });
});
