import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { backend, type BackendOptions } from "../../src/sandbox/backend.ts";
import { type Fault, FAULTS } from "../../src/sandbox/index.ts";

const NOW = 1_800_000_000_000;
const API = "https://api.anthropic.com";

function fixture(options: Partial<BackendOptions> = {}) {
  const clock = { time: NOW };
  const sleep = async (ms: number) => void (clock.time += ms);
  const whole = backend({ now: () => clock.time, random: randomBytes, sleep, ...options });
  const server = { ...whole, ...whole.controls };
  const { accessToken } = server.signIn().claudeAiOauth;
  const bearer = { authorization: `Bearer ${accessToken}` };
  return { clock, server, bearer };
}
type Server = ReturnType<typeof fixture>["server"];

const HELLO = { model: "claude-test-1", messages: [{ role: "user", content: "say hello" }] };

function ask(
  server: Server,
  headers: Record<string, string>,
  body: unknown = HELLO,
  path = "/v1/messages?beta=true",
): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return server.serve(
    "direct",
    new Request(`${API}${path}`, { method: "POST", headers, body: text }),
  );
}

async function errorOf(response: Response): Promise<unknown[]> {
  const { error } = (await response.json()) as { error: { type: string; message: string } };
  return [response.status, error.type, error.message];
}

describe("the Messages API", () => {
  it("answers a live token with one message", async () => {
    const { server, bearer } = fixture();
    const response = await ask(server, bearer);
    expect(response.status).toBe(200);
    expect(response.headers.get("request-id")).toMatch(/^req_/);
    expect(await response.json()).toMatchObject({
      type: "message",
      role: "assistant",
      model: "claude-test-1",
      content: [{ type: "text", text: "Hello from the sandbox." }],
      stop_reason: "end_turn",
    });
  });

  it("streams the same as server-sent events in the API's order", async () => {
    const { server, bearer } = fixture();
    const response = await ask(server, bearer, { ...HELLO, stream: true });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const events = (await response.text()).trim().split("\n\n");
    expect(events.map((event) => /^event: (\w+)\ndata: \{/.exec(event)?.[1])).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(events[2]).toContain("Hello from the sandbox.");
  });

  it("says what the caller's reply says, and uses a tool when it does", async () => {
    const { server, bearer } = fixture({
      reply: ({ messages, tools }) => [
        { type: "text", text: `${messages.length} message` },
        { type: "tool_use", name: "note", input: { tools: tools.length } },
      ],
    });
    const body = { ...HELLO, tools: [{ name: "note" }] };
    const message = await (await ask(server, bearer, body)).json();
    expect(message).toMatchObject({
      content: [{ text: "1 message" }, { type: "tool_use", name: "note", input: { tools: 1 } }],
      stop_reason: "tool_use",
    });
    const stream = await (await ask(server, bearer, { ...body, stream: true })).text();
    expect(stream).toContain(`"partial_json":"{\\"tools\\":1}"`);
  });

  it("knows no model that is not named like one", async () => {
    const { server, bearer } = fixture();
    const response = await ask(server, bearer, { ...HELLO, model: "none-such" });
    expect(await errorOf(response)).toEqual([404, "not_found_error", "model: none-such"]);
  });

  it.each([
    ["text that is no JSON", "{"],
    ["no messages", { ...HELLO, messages: [] }],
    ["no model", { messages: HELLO.messages }],
  ])("refuses %s with 400", async (_name, body) => {
    const { server, bearer } = fixture();
    expect((await ask(server, bearer, body)).status).toBe(400);
  });

  it("counts tokens for whoever has a live one", async () => {
    const { server, bearer } = fixture();
    const path = "/v1/messages/count_tokens";
    expect(await (await ask(server, bearer, "12345678", path)).json()).toEqual({ input_tokens: 2 });
    expect((await ask(server, {}, "12345678", path)).status).toBe(401);
  });
});

describe("the judgement of a credential", () => {
  it("follows an access token through its life", async () => {
    const { clock, server, bearer } = fixture({ accessTokenLife: 60 });
    expect((await ask(server, bearer)).status).toBe(200);
    clock.time += 60_000;
    expect(await errorOf(await ask(server, bearer))).toEqual([
      401,
      "authentication_error",
      "OAuth token has expired. Please obtain a new token or refresh your existing token.",
    ]);
    server.revokeAccess();
    expect(await errorOf(await ask(server, bearer))).toEqual([
      401,
      "authentication_error",
      "OAuth access token has been revoked.",
    ]);
  });

  it.each([
    [undefined, "false"],
    [true, "true"],
    [null, null],
  ])("with shouldRetry %o sends x-should-retry: %s", async (shouldRetry, header) => {
    const response = await ask(fixture({ shouldRetry }).server, {});
    expect(response.status).toBe(401);
    expect(response.headers.get("x-should-retry")).toBe(header);
  });

  it("revokes the one access token that is named and no other", async () => {
    const { server, bearer } = fixture();
    const other = server.signIn().claudeAiOauth.accessToken;
    server.revokeAccess(other);
    expect((await ask(server, bearer)).status).toBe(200);
    expect((await ask(server, { authorization: `Bearer ${other}` })).status).toBe(401);
  });

  it.each([
    ["nothing", {}, 401],
    ["an invented bearer", { authorization: "Bearer sk-ant-oat01-TESTnone" }, 401],
    ["Basic", { authorization: "Basic dTpw" }, 401],
    ["a test API key", { "x-api-key": "sk-ant-api03-TESTkey" }, 200],
    ["a test API key as bearer", { authorization: "Bearer sk-ant-api03-TESTkey" }, 200],
    ["any other API key", { "x-api-key": "sk-ant-api03-other" }, 401],
    ["an OAuth token as API key", { "x-api-key": "sk-ant-oat01-TESTnone" }, 401],
  ])("%s is answered", async (_name, headers, status) => {
    expect((await ask(fixture().server, headers as Record<string, string>)).status).toBe(status);
  });
});

describe("the account's endpoints", () => {
  it.each(["/api/oauth/profile", "/api/oauth/claude_cli/roles"])(
    "%s needs a live token",
    async (path) => {
      const { server, bearer } = fixture();
      const url = `${API}${path}`;
      expect((await server.serve("proxy", new Request(url, { headers: bearer }))).status).toBe(200);
      expect((await server.serve("proxy", new Request(url))).status).toBe(401);
    },
  );

  it.each(["/api/claude_code/settings", "/api/claude_code/policy_limits", "/", "/v1/models"])(
    "%s is not there",
    async (path) => {
      const { server, bearer } = fixture();
      const response = await server.serve(
        "proxy",
        new Request(`${API}${path}`, { headers: bearer }),
      );
      expect(await errorOf(response)).toEqual([404, "not_found_error", "Not found"]);
    },
  );
});

const TABLE = [
  [
    "messages-401-expired",
    401,
    "authentication_error",
    "OAuth token has expired. Please obtain a new token or refresh your existing token.",
  ],
  ["messages-401-invalid", 401, "authentication_error", "Invalid authentication credentials"],
  ["messages-401-revoked", 401, "authentication_error", "OAuth access token has been revoked."],
  ["messages-401-api-key", 401, "authentication_error", "invalid x-api-key"],
  [
    "messages-403-revoked",
    403,
    "permission_error",
    "OAuth token has been revoked. Please obtain a new token.",
  ],
  [
    "messages-403-organization",
    403,
    "permission_error",
    "OAuth authentication is currently not allowed for this organization.",
  ],
  [
    "messages-429-usage-limit",
    429,
    "rate_limit_error",
    "This request would exceed your account's rate limit. Please try again later.",
  ],
  ["messages-429-throttled", 429, "rate_limit_error", "Rate limited. Please try again later."],
  ["messages-529", 529, "overloaded_error", "Overloaded"],
] as const;

describe("a fault at the Messages endpoint", () => {
  it.each(TABLE)("%s answers %i %s, as many times as asked", async (name, ...expected) => {
    const { server, bearer } = fixture();
    server.fault({ name, times: 2 });
    for (let round = 0; round < 2; round += 1) {
      const response = await ask(server, bearer);
      expect(response.headers.has("x-should-retry")).toBe(false);
      expect(await errorOf(response)).toEqual(expected);
    }
    expect((await ask(server, bearer)).status).toBe(200);
    expect(server.requests().map(({ fault }) => fault)).toEqual([name, name, null]);
  });

  it.each([
    [{ name: "messages-401-expired", shouldRetry: false }, "x-should-retry", "false"],
    [{ name: "messages-429-throttled", retryAfter: 3 }, "retry-after", "3"],
    [
      { name: "messages-429-usage-limit" },
      "anthropic-ratelimit-unified-reset",
      String(NOW / 1000 + 3600),
    ],
    [{ name: "messages-429-usage-limit" }, "anthropic-ratelimit-unified-status", "rejected"],
  ] as [Fault, string, string][])("%o sends %s: %s", async (fault, header, value) => {
    const { server, bearer } = fixture();
    server.fault(fault);
    expect((await ask(server, bearer)).headers.get(header)).toBe(value);
  });

  it("waits as long as it is told before the answer", async () => {
    const { clock, server, bearer } = fixture();
    server.fault({ name: "messages-529", delayMs: 250 });
    await ask(server, bearer);
    expect(clock.time).toBe(NOW + 250);
  });

  it("leaves a refused credential and the count of tokens out of it", async () => {
    const { server, bearer } = fixture();
    server.fault({ name: "messages-529" });
    expect((await ask(server, {})).status).toBe(401);
    expect((await ask(server, bearer, "x", "/v1/messages/count_tokens")).status).toBe(200);
    expect(server.faults()).toHaveLength(1);
  });

  it("is covered by this table, whichever it is", () => {
    const known = Object.keys(FAULTS).filter((name) => name.startsWith("messages-"));
    expect(TABLE.map(([name]) => name as string).toSorted()).toEqual(known.toSorted());
  });
});
