import { describe, expect, it } from "vitest";
import { recognise } from "../../src/core/recognise.ts";
import {
  failureReport,
  isSafeToRepeat,
  type OutputEvidence,
  type RunParts,
  runEvidence,
  type SessionEvidence,
} from "../../src/core/run-evidence.ts";

const UNKNOWN = { toolUse: null, assistantMessage: null };
const CLEAN = { toolUse: false, assistantMessage: false };

const output = (more: Partial<OutputEvidence> = {}): OutputEvidence => ({
  format: "text",
  hasOutput: false,
  hasJson: false,
  result: null,
  failure: null,
  text: "",
  sessionId: null,
  loginEndsAt: null,
  apiKeySource: null,
  isGateway: null,
  shown: UNKNOWN,
  isComplete: true,
  ...more,
});

const session = (more: Partial<SessionEvidence> = {}): SessionEvidence => ({
  state: "none",
  sessionId: null,
  paths: [],
  traces: UNKNOWN,
  hasAnswer: false,
  hasLastWord: false,
  failure: null,
  ...more,
});

const weigh = (more: Partial<RunParts>) =>
  runEvidence({ isClaude: true, exit: 1, output: output(), session: session(), ...more });

const OURS = failureReport("from the output", { httpStatus: 401 });
const THEIRS = failureReport("from the session", { category: "authentication_failed" });
const wroteError = session({ state: "found", failure: THEIRS });
const wroteAnswer = session({ state: "found", hasAnswer: true, hasLastWord: true });
const printed = (text: string) => output({ hasOutput: true, text });

describe("which source is believed", () => {
  it("a result that is an error, with the names that only the session file has", () => {
    const failed = output({
      format: "json",
      result: { isError: true, isEmpty: false },
      failure: OURS,
    });
    for (const exit of [0, 1]) {
      expect(weigh({ exit, output: failed, session: wroteError }).failure).toMatchObject({
        text: "from the output",
        httpStatus: 401,
        category: "authentication_failed",
      });
    }
  });

  it("a result that is none, whatever the session file says", () => {
    const fine = output({ format: "json", result: { isError: false, isEmpty: false } });
    expect(weigh({ output: fine, session: wroteError }).failure).toBeNull();
  });

  it("the end of the session file, where the output has no result", () => {
    expect(weigh({ output: printed("anything"), session: wroteError }).failure).toEqual(THEIRS);
    expect(weigh({ exit: null, session: wroteError }).failure).toEqual(THEIRS);
    expect(weigh({ exit: 0, session: wroteError }).failure).toEqual(THEIRS);
    const words = output({ format: "json", hasOutput: true, text: null });
    expect(weigh({ exit: 0, output: words, session: wroteError }).failure).toEqual(THEIRS);
  });

  it("not the session file of a run that printed something and ended well", () => {
    const seen = weigh({ exit: 0, output: printed("Hello"), session: wroteError });
    expect(seen.failure).toBeNull();
  });

  it("not a session file that may be another run's", () => {
    const several = session({ state: "several", failure: THEIRS });
    expect(weigh({ session: several }).failure).toBeNull();
  });

  it("mere text last, and only of a run that failed without an answer", () => {
    const text = "Not logged in · Please run /login";
    expect(weigh({ output: printed(text) }).failure).toMatchObject({ text, isCertain: false });
    expect(weigh({ exit: 0, output: printed(text) }).failure).toBeNull();
    expect(weigh({ output: printed(text), session: wroteAnswer }).failure).toBeNull();
    const usedTool = session({ state: "found", hasAnswer: true });
    expect(weigh({ output: printed(text), session: usedTool }).failure).toMatchObject({ text });
  });

  it("stderr where stdout is empty", () => {
    const stderr = "Error: Session ID x is already in use.\n";
    expect(weigh({ stderr }).failure).toMatchObject({ text: stderr.trim(), isCertain: false });
    expect(weigh({ stderr, output: printed("x") }).failure).toMatchObject({ text: "x" });
  });

  it("of somebody's program that failed, nothing but its session file", () => {
    const foreign = { isClaude: false, exit: 1, output: printed("API Error: 401") };
    expect(weigh(foreign)).toMatchObject({ failure: null, isSilent: false });
    expect(weigh({ ...foreign, exit: 0, output: null }).isSilent).toBe(false);
    expect(weigh({ ...foreign, session: wroteError }).failure).toEqual(THEIRS);
    expect(weigh({ ...foreign, exit: null, session: wroteError }).failure).toEqual(THEIRS);
    const several = session({ state: "several", failure: THEIRS });
    expect(weigh({ ...foreign, session: several }).failure).toBeNull();
  });

  it("of somebody's program that succeeded, nothing", () => {
    expect(weigh({ isClaude: false, exit: 0, session: wroteError }).failure).toBeNull();
  });
});

describe("a gateway", () => {
  it("is known from the environment or from the stream, whichever tells of it", () => {
    const seen = (known: boolean | undefined, told: boolean | null) =>
      weigh({
        output: output({ isGateway: told }),
        ...(known !== undefined && { isGateway: known }),
      }).isGateway;
    expect([seen(true, null), seen(false, true), seen(undefined, true)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([seen(false, null), seen(undefined, false)]).toEqual([false, false]);
  });

  it.each([
    ["Failed to authenticate. API Error: 401 Invalid bearer token"],
    ["Please run /login · API Error: 403 no such key"],
    ['401 {"type":"error","error":{"type":"authentication_error","message":"bad"}}'],
  ])("that refuses in plain text is not the login's server: %s", (text) => {
    const evidence = weigh({ output: printed(text), isGateway: true });
    expect(recognise(evidence, 0)).toMatchObject({ code: "gateway_rejected" });
    const direct = weigh({ output: printed(text) });
    expect(recognise(direct, 0)).not.toMatchObject({ code: "gateway_rejected" });
  });

  it("does not make a refusal of what a model may have said", () => {
    const evidence = weigh({ output: printed("It ended with API Error: 401 x."), isGateway: true });
    expect(recognise(evidence, 0)).not.toMatchObject({ code: "gateway_rejected" });
  });
});

describe("a silent exit", () => {
  const json = (result: OutputEvidence["result"]) =>
    output({ format: "json", hasOutput: result !== null, text: null, result });

  it.each([
    ["no text", output(), true],
    ["text", printed("Hello"), false],
    ["text too long to keep", output({ hasOutput: true, text: null, isComplete: false }), false],
    ["no result", json(null), true],
    ["some JSON other than a result", { ...json(null), hasOutput: true, hasJson: true }, true],
    ["words instead of JSON", { ...json(null), hasOutput: true }, false],
    ["a result", json({ isError: false, isEmpty: false }), false],
    ["a result with nothing in it", json({ isError: false, isEmpty: true }), true],
    ["a result that is an error", json({ isError: true, isEmpty: true }), false],
  ])("%s", (_, seen, expected) => {
    expect(weigh({ exit: 0, output: seen }).isSilent).toBe(expected);
    expect(weigh({ exit: 0, output: seen, session: wroteAnswer }).isSilent).toBe(false);
    expect(weigh({ exit: 1, output: seen }).isSilent).toBe(false);
    expect(weigh({ exit: null, output: seen }).isSilent).toBe(false);
  });

  it("is none of a run that was told to end", () => {
    expect(weigh({ exit: 0, isInterrupted: true }).isSilent).toBe(false);
    expect(weigh({ exit: 0, isInterrupted: false }).isSilent).toBe(true);
  });

  it("is none where one of several session files holds an answer", () => {
    const several = session({ state: "several", hasAnswer: true });
    expect(weigh({ exit: 0, session: several }).isSilent).toBe(false);
  });
});

describe("whether a run can be repeated", () => {
  const clean = session({ state: "found", traces: CLEAN });

  it.each([
    ["its own session file is clean", output(), clean, true],
    ["it used a tool", output(), { ...clean, traces: { ...CLEAN, toolUse: true } }, false],
    [
      "the model spoke",
      output(),
      { ...clean, traces: { ...CLEAN, assistantMessage: true } },
      false,
    ],
    ["a line could not be read", output(), { ...clean, traces: UNKNOWN }, false],
    ["there are several", output(), { ...clean, state: "several" }, false],
    ["it is unreadable", output(), { ...clean, state: "unreadable" }, false],
    ["there is none, and text tells nothing", output(), session(), false],
    ["there is none, and the stream is clean", output({ shown: CLEAN }), session(), true],
    [
      "the stream shows a tool, whatever the file says",
      output({ shown: { ...CLEAN, toolUse: true } }),
      clean,
      false,
    ],
    ["the output was too long to read", output({ isComplete: false }), clean, false],
  ] as const)("%s", (_, seen, written, expected) => {
    expect(isSafeToRepeat(seen, written)).toBe(expected);
  });
});
