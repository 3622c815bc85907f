import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { type AskEvent, type ClaudeOptions, createClaude } from "../../src/orchestrator.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../src/sandbox/index.ts";

const KEY = "sk-ant-api03-TEST-key";
const MODEL = "claude-haiku-5-5";

async function open(options: ClaudeOptions = {}, sandbox: SandboxOptions = {}) {
  const server = await startSandbox(sandbox);
  onTestFinished(() => server.stop());
  const env = { ANTHROPIC_BASE_URL: server.url };
  return { server, claude: createClaude({ apiKey: KEY, model: MODEL, env, ...options }) };
}

const asksOf = (server: Sandbox) => server.requests().filter(({ path }) => path === "/v1/messages");

describe("asking the API", () => {
  it("brings the answer, what it cost in tokens, and who gave it for what reason", async () => {
    const { server, claude } = await open({}, { reply: () => "Four." });
    const events: AskEvent[] = [];
    const answer = await claude.ask({
      prompt: "two and two",
      system: "be short",
      onEvent: (event) => void events.push(event),
    });
    expect(answer).toEqual({
      text: "Four.",
      value: null,
      usage: {
        inputTokens: 10,
        outputTokens: 5,
        cacheCreationInputTokens: 0,
        cacheReadInputTokens: 0,
        serviceTier: null,
        models: {},
      },
      costUsd: null,
      model: MODEL,
      turns: 1,
      stopReason: "end_turn",
      sessionId: null,
      credential: "api-key",
      source: "ANTHROPIC_API_KEY",
      requestId: expect.stringMatching(/^req_/),
      backend: "api",
      auth: "api-key",
      reason: "a direct call, and the option apiKey is set",
      attempts: 1,
      durationMs: expect.any(Number),
    });
    expect(events).toEqual([{ kind: "text", text: "Four." }]);
    expect(asksOf(server)).toHaveLength(1);
    expect(await claude.metrics()).toContain('pilotlight_asks_total{backend="api",code="ok"} 1');
  });

  it("validates a structured value, by zod and by JSON Schema", async () => {
    const { claude } = await open({}, { reply: () => '{"sum":4}' });
    const byZod = await claude.ask({ prompt: "?", schema: z.object({ sum: z.int() }) });
    expect(byZod.value?.sum).toBe(4);
    const jsonSchema = {
      type: "object",
      properties: { sum: { type: "number" } },
      required: ["sum"],
    };
    expect((await claude.ask({ prompt: "?", schema: jsonSchema })).value).toEqual({ sum: 4 });
  });

  it.each([
    ["words", "Four.", /^there is none \(stop reason end_turn\)$/],
    ["something else", '{"sum":"4"}', /does not fit the schema: sum: /],
    ["nothing", "", /there is none/],
  ])("takes %s for no structured value", async (_what, reply, message) => {
    const { claude } = await open({}, { reply: () => reply });
    await expect(claude.ask({ prompt: "?", schema: z.object({ sum: z.int() }) })).rejects.toThrow(
      expect.objectContaining({
        code: "structured_output_missing",
        backend: "api",
        answer: reply,
        message: expect.stringMatching(message),
      }),
    );
    expect(claude.health().isWell).toBe(true);
  });

  it("asks again when the server is busy, and says so", async () => {
    const { server, claude } = await open({ retry: { budgetMs: 5000 } });
    server.fault({ name: "messages-529", times: 1 });
    const events: AskEvent[] = [];
    const answer = await claude.ask({ prompt: "?", onEvent: (event) => void events.push(event) });
    expect(answer.attempts).toBe(2);
    expect(events[0]).toMatchObject({ kind: "retry", code: "overloaded", attempt: 1 });
    expect(asksOf(server)).toHaveLength(2);
    expect(await claude.metrics()).toContain('pilotlight_ask_repeats_total{code="overloaded"} 1');
  });

  it("gives up with its tries", async () => {
    const { server, claude } = await open({ retry: { attempts: 2 } });
    server.fault({ name: "messages-529", times: 5 });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({ code: "overloaded" });
    expect(asksOf(server)).toHaveLength(2);
  });

  it("fails at once where only a person helps, and stays unwell until an answer", async () => {
    const { claude } = await open({ apiKey: "TEST-unknown-key" });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({
      code: "gateway_rejected",
      isRetryable: false,
      requestId: expect.stringMatching(/^req_/),
      fix: expect.stringContaining("gateway"),
    });
    expect(claude.health()).toMatchObject({
      isWell: false,
      lastError: { code: "gateway_rejected" },
    });
  });

  it("passes on what no verdict knows, as the SDK throws it", async () => {
    const server = createServer((_request, response) => {
      response.writeHead(400, { "content-type": "application/json" });
      const error = { type: "invalid_request_error", message: "max_tokens: too many" };
      response.end(JSON.stringify({ type: "error", error }));
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const claude = createClaude({ apiKey: KEY, model: MODEL, env: { ANTHROPIC_BASE_URL: url } });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("too many"),
    });
  });

  it("says that nobody answers there", async () => {
    const server = await startSandbox();
    await server.stop();
    const env = { ANTHROPIC_BASE_URL: server.url };
    const claude = createClaude({ apiKey: KEY, model: MODEL, env, retry: { attempts: 1 } });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({
      code: "network_unavailable",
      isRetryable: true,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("needs a model", async () => {
    const claude = createClaude({ apiKey: KEY, env: { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" } });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({ code: "config_invalid" });
  });

  it("ends when it is called off, late, or its listener throws", async () => {
    const { claude } = await open({}, { reply: () => "Four." });
    const cause = new Error("enough");
    await expect(claude.ask({ prompt: "?", signal: AbortSignal.abort(cause) })).rejects.toBe(cause);
    await expect(claude.ask({ prompt: "?", timeoutMs: 1 })).rejects.toMatchObject({
      code: "timed_out",
    });
    const onEvent = () => {
      throw cause;
    };
    await expect(claude.ask({ prompt: "?", onEvent })).rejects.toBe(cause);
    expect(claude.health()).toMatchObject({ running: 0, waiting: 0, isWell: true });
  });

  it("tells beforehand how it would ask", async () => {
    const { server, claude } = await open();
    expect(claude.plan()).toEqual({
      backend: "api",
      auth: "api-key",
      reason: "a direct call, and the option apiKey is set",
    });
    expect(claude.plan({ tools: ["Read"] })).toMatchObject({
      backend: "cli",
      auth: "subscription",
    });
    expect(server.requests()).toEqual([]);
  });
});
