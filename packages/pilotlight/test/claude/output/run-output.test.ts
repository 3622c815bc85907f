import { describe, expect, it } from "vitest";
import { runOutput } from "../../../src/claude/output/run-output.ts";
import type { OutputFormat } from "../../../src/core/run-evidence.ts";

const evidenceOf = (format: OutputFormat, stdout: string) => {
  const output = runOutput(format);
  output.take(Buffer.from(stdout));
  return output.evidence();
};
const lines = (...events: readonly object[]) =>
  events.map((event) => `${JSON.stringify(event)}\n`).join("");

const init = { type: "system", subtype: "init", session_id: "s-1", apiKeySource: "none" };
const assistant = (content: readonly object[], more: object = {}) => ({
  type: "assistant",
  message: { role: "assistant", model: "claude-test", content },
  ...more,
});
const answer = assistant([{ type: "text", text: "Hello" }]);
const result = {
  type: "result",
  subtype: "success",
  is_error: false,
  result: "Hello",
  num_turns: 1,
  total_cost_usd: 0.1,
  session_id: "s-1",
};
const failed = {
  ...result,
  is_error: true,
  api_error_status: 401,
  api_error_type: "authentication_error",
  terminal_reason: "api_error",
  total_cost_usd: 0,
  result: 'API Error: 401 {"request_id":"req_TEST"}',
};

describe("text output", () => {
  it("is kept whole while it is short, without its colours", () => {
    expect(evidenceOf("text", "\u001B[31mNot logged in\u001B[0m\n")).toMatchObject({
      hasOutput: true,
      text: "Not logged in",
      isComplete: true,
    });
  });

  it("is white space, or nothing: no output", () => {
    for (const stdout of ["", "\n", " \u001B[0m\n"])
      expect(evidenceOf("text", stdout)).toMatchObject({ hasOutput: false, text: "" });
  });

  it("is not kept when it is long", () => {
    expect(evidenceOf("text", "x".repeat(9000))).toMatchObject({ hasOutput: true, text: null });
    expect(evidenceOf("text", "x".repeat(100_000))).toMatchObject({ text: null });
  });

  it("tells nothing of what was done", () => {
    const unknown = { toolUse: null, assistantMessage: null };
    expect(evidenceOf("text", "Hello").shown).toEqual(unknown);
  });
});

describe("a result", () => {
  it("tells of an error by is_error and its fields, never by its subtype", () => {
    expect(evidenceOf("json", JSON.stringify(failed))).toMatchObject({
      result: { isError: true },
      sessionId: "s-1",
      failure: {
        httpStatus: 401,
        errorType: "authentication_error",
        terminalReason: "api_error",
        requestId: "req_TEST",
        isCertain: true,
      },
    });
    const odd = { ...result, subtype: "error_during_execution" };
    expect(evidenceOf("json", JSON.stringify(odd))).toMatchObject({ failure: null });
  });

  it("may be the last of a list of events, or spread over lines, or among lines that are none", () => {
    const listed = JSON.stringify([init, answer, failed]);
    const spread = JSON.stringify(failed, null, 2);
    const among = `Update available\n${JSON.stringify(failed)}\nbye {\n`;
    for (const stdout of [listed, spread, among])
      expect(evidenceOf("json", stdout).failure).toMatchObject({ httpStatus: 401 });
    expect(evidenceOf("json", listed)).toMatchObject({ apiKeySource: "none" });
  });

  it("is none without is_error", () => {
    const seen = evidenceOf("json", '{"type":"result"}\n{"answer":42}');
    expect(seen).toMatchObject({ result: null, hasOutput: true });
  });

  it.each([
    ["Claude Code has been updated.\nHello", false],
    ["", false],
    ["{}", true],
    ['[{"type":"system"}]', true],
    ['{"type":"result","is_er', true],
    ['Downloading…\n{"type":"system","subtype":"init"}', true],
  ])("tells words from JSON, also where that is cut off: %s", (stdout, hasJson) => {
    for (const format of ["json", "stream-json"] as const) {
      expect(evidenceOf(format, stdout)).toMatchObject({ hasJson, result: null });
    }
  });

  it("is empty without text, structure, turns and cost", () => {
    const blank = { ...result, result: " ", total_cost_usd: 0 };
    const isEmpty = (more: object) =>
      evidenceOf("json", JSON.stringify({ ...blank, ...more })).result?.isEmpty;
    expect(isEmpty({})).toBe(true);
    expect(isEmpty({ result: "x" })).toBe(false);
    expect(isEmpty({ structured_output: { facts: [] } })).toBe(false);
    expect(isEmpty({ num_turns: 2 })).toBe(false);
    expect(isEmpty({ total_cost_usd: 0.01 })).toBe(false);
  });

  it("tells the end of the login where it can", () => {
    const dated = { ...result, credential_expires_at: "2026-12-20T00:00:00.000Z" };
    expect(evidenceOf("json", JSON.stringify(dated)).loginEndsAt).toBe(Date.UTC(2026, 11, 20));
    expect(evidenceOf("json", JSON.stringify(result)).loginEndsAt).toBeNull();
  });

  it("rules tools out only when it is an error of the first turn that cost nothing", () => {
    const shown = (more: object) =>
      evidenceOf("json", JSON.stringify({ ...failed, ...more })).shown;
    expect(shown({})).toEqual({ toolUse: false, assistantMessage: false });
    expect(shown({ num_turns: 2 }).toolUse).toBeNull();
    expect(shown({ total_cost_usd: 0.1 }).toolUse).toBeNull();
    expect(shown({ is_error: false }).assistantMessage).toBeNull();
  });

  it("lists what stopped it", () => {
    const stopped = {
      ...failed,
      result: undefined,
      errors: ["Reached maximum number of turns (1)"],
    };
    expect(evidenceOf("json", JSON.stringify(stopped)).failure?.text).toBe(
      "Reached maximum number of turns (1)",
    );
  });
});

describe("a stream", () => {
  it("is read as it comes, wherever it is cut", () => {
    const text = lines(init, assistant([{ type: "text", text: "Grüße 🌍" }]), result);
    const bytes = Buffer.from(text);
    const turns: boolean[] = [];
    const output = runOutput("stream-json");
    for (const byte of bytes) {
      output.take(Uint8Array.of(byte));
      turns.push(output.isAnswering);
    }
    const first = turns.indexOf(true);
    expect(bytes.toString("utf8", 0, first).split("\n")).toHaveLength(2);
    expect(turns.slice(first)).not.toContain(false);
    expect(output.evidence()).toMatchObject({ result: { isError: false }, sessionId: "s-1" });
  });

  it("begins to answer neither with its start nor with an API error nor with a rejection", () => {
    const retry = { type: "system", subtype: "api_retry", error_status: 401, attempt: 1 };
    const error = { error: "authentication_failed", is_api_error_message: true };
    const synthetic = { ...assistant([{ type: "text", text: "401" }]), ...error };
    const output = runOutput("stream-json");
    output.take(Buffer.from(lines(init, retry, { ...retry, attempt: 2 }, synthetic)));
    expect(output.isAnswering).toBe(false);
    expect(output.rejections).toBe(2);
    expect(output.evidence().shown).toEqual({ toolUse: false, assistantMessage: false });
  });

  it("begins to answer with the first piece of a message", () => {
    const output = runOutput("stream-json");
    const event = { type: "message_start", message: { model: "claude-test" } };
    output.take(Buffer.from(lines(init, { type: "stream_event", event })));
    expect(output.isAnswering).toBe(true);
  });

  it("counts no rejection for an overloaded server", () => {
    const output = runOutput("stream-json");
    const retry = { type: "system", subtype: "api_retry", error_status: 529, error: "overloaded" };
    output.take(Buffer.from(lines(init, retry)));
    expect(output.rejections).toBe(0);
  });

  it("counts no rejection by a gateway, where the build tells it", () => {
    const retry = { type: "system", subtype: "api_retry", error_status: 401 };
    const counted = (served_by_anthropic: boolean) => {
      const output = runOutput("stream-json");
      output.take(Buffer.from(lines({ ...init, served_by_anthropic }, retry)));
      return output.rejections;
    };
    expect([counted(true), counted(false)]).toEqual([1, 0]);
  });

  it("tells of a limit and when it ends", () => {
    const limit = { status: "rejected", resetsAt: 1_795_180_000 };
    const event = { type: "rate_limit_event", rate_limit_info: limit };
    const ended = { ...failed, api_error_status: 429, result: "You've hit your limit" };
    expect(evidenceOf("stream-json", lines(init, event, ended)).failure).toMatchObject({
      httpStatus: 429,
      resetsAt: 1_795_180_000_000,
    });
    const allowed = { ...event, rate_limit_info: { ...limit, status: "allowed" } };
    expect(
      evidenceOf("stream-json", lines(init, event, allowed, ended)).failure?.resetsAt,
    ).toBeNull();
  });

  it("is judged by its last result, when it has several", () => {
    expect(evidenceOf("stream-json", lines(init, failed, result))).toMatchObject({ failure: null });
    expect(evidenceOf("stream-json", lines(init, result, failed)).failure).not.toBeNull();
  });

  it("that broke off is judged by its last message", () => {
    const error = { ...assistant([{ type: "text", text: "API Error: 401" }]), error: "x" };
    const synthetic = { ...error, message: { ...error.message, model: "<synthetic>" } };
    expect(evidenceOf("stream-json", lines(init, synthetic)).failure).toMatchObject({
      text: "API Error: 401",
    });
    expect(evidenceOf("stream-json", lines(init, synthetic, answer)).failure).toBeNull();
  });

  it("knows a gateway where the build tells it", () => {
    const seen = (more: object) => evidenceOf("stream-json", lines({ ...init, ...more })).isGateway;
    expect(seen({})).toBeNull();
    expect(seen({ served_by_anthropic: false })).toBe(true);
    expect(seen({ served_by_anthropic: true })).toBe(false);
  });

  it("of a subagent's tool is a tool use, but no answer", () => {
    const tool = assistant([{ type: "tool_use", name: "Bash" }], { parent_tool_use_id: "toolu_1" });
    const seen = evidenceOf("stream-json", lines(init, tool));
    expect(seen.shown).toEqual({ toolUse: true, assistantMessage: true });
  });

  it("with a line too long to keep stays small in memory, goes on, and rules nothing out", () => {
    const output = runOutput("stream-json");
    output.take(Buffer.from(lines(init)));
    const megabyte = Buffer.alloc(1024 * 1024, "x");
    global.gc?.();
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    for (let count = 0; count < 100; count += 1) output.take(megabyte);
    const after = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    expect(after - before).toBeLessThan(64 * 1024 * 1024);
    output.take(Buffer.from(`\n${lines(failed)}`));
    expect(output.evidence()).toMatchObject({
      isComplete: false,
      hasOutput: true,
      result: { isError: true },
    });
  });
});
