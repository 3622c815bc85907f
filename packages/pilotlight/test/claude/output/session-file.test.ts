import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  projectFolder,
  readSession,
  type SessionSearch,
} from "../../../src/claude/output/session-file.ts";

const START = Date.parse("2026-11-20T12:00:00Z");
const DURING = "2026-11-20T12:00:05.000Z";
const BEFORE = "2026-11-20T11:00:00.000Z";

const user = { type: "user", timestamp: DURING, message: { role: "user", content: "hi" } };
const assistant = (block: object, more: object = {}) => ({
  type: "assistant",
  timestamp: DURING,
  message: { role: "assistant", model: "claude-test", content: [block] },
  ...more,
});
const text = (said: string) => ({ type: "text", text: said });
const answer = assistant(text("Hello"));
const toolUse = assistant({ type: "tool_use", name: "Bash", input: {} });
const apiError = (said: string, more: object = {}) => ({
  ...assistant(text(said)),
  message: { role: "assistant", model: "<synthetic>", content: [text(said)] },
  isApiErrorMessage: true,
  error: "authentication_failed",
  apiErrorStatus: 401,
  requestId: "req_TEST",
  ...more,
});
const rejected = apiError("Failed to authenticate. API Error: 401 Invalid bearer token");

let root: string;
let cwd: string;
let search: SessionSearch;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  cwd = join(root, "my.work_dir é");
  mkdirSync(cwd);
  search = { configDir: join(root, "config"), cwd, startedAt: START, sessionId: null };
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes a session of the project in `folder`, last changed at `at` (epoch ms). */
function write(id: string, lines: readonly object[], at = START + 5000, folder = cwd): string {
  const directory = join(root, "config", "projects", projectFolder(folder));
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${id}.jsonl`);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  utimesSync(path, at / 1000, at / 1000);
  return path;
}

describe("finding the session file of a run", () => {
  it("names the project's folder as Claude Code does", () => {
    expect(projectFolder("/tmp/my.work_dir é")).toBe("-tmp-my-work-dir--");
  });

  it("takes the only one written since the start in the folder of the project", async () => {
    write("old", [user, answer], START - 1000);
    write("elsewhere", [user, answer], START + 1000, root);
    const path = write("ours", [user, answer]);
    expect(await readSession(search)).toMatchObject({
      state: "found",
      paths: [path],
      sessionId: "ours",
    });
  });

  it("looks where a symbolic link leads, as the run itself does", async () => {
    const link = join(root, "link");
    symlinkSync(cwd, link);
    write("ours", [user, answer]);
    expect(await readSession({ ...search, cwd: link })).toMatchObject({ state: "found" });
  });

  it("finds a folder whose name was too long and was cut", async () => {
    const deep = join(root, "a".repeat(100), "b".repeat(150));
    const name = `${projectFolder(deep).slice(0, 200)}-x1y2z3`;
    write("ours", [user, answer], START + 1000, name);
    expect(await readSession({ ...search, cwd: deep })).toMatchObject({ state: "found" });
  });

  it("finds none where there is none, or only older ones", async () => {
    expect(await readSession(search)).toMatchObject({ state: "none", paths: [] });
    write("old", [user, toolUse], START - 1000);
    expect(await readSession(search)).toMatchObject({ state: "none", hasAnswer: false });
  });

  it("does not guess among several, but knows whether any holds an answer", async () => {
    write("one", [user, rejected], START + 9000);
    write("two", [user, toolUse, answer], START + 1000);
    const found = await readSession(search);
    expect(found).toMatchObject({ state: "several", hasAnswer: true, sessionId: null });
    expect(found.traces).toEqual({ toolUse: null, assistantMessage: null });
    expect(found.failure).toBeNull();
  });

  it("takes the one whose id is known, in whatever folder, and no other", async () => {
    write("one", [user, answer]);
    const path = write("two", [user, rejected], START + 1000, root);
    const known = { ...search, sessionId: "two" };
    expect(await readSession(known)).toMatchObject({ state: "found", paths: [path] });
    expect(await readSession({ ...search, sessionId: "three" })).toMatchObject({ state: "none" });
  });
});

describe("whose the only session file is", () => {
  const said = (content: unknown, more: object = {}) => ({
    ...user,
    message: { role: "user", content },
    ...more,
  });
  const stateWith = async (more: Partial<SessionSearch>, ...lines: readonly object[]) => {
    write("ours", lines);
    return (await readSession({ ...search, ...more })).state;
  };
  const isOwn = async (content: unknown, ...prompts: readonly string[]) =>
    (await stateWith({ prompts }, said(content), rejected)) === "found";

  it("is the run's where it began with its prompt, and what stdin added to it", async () => {
    expect(await isOwn("say hello", "say hello")).toBe(true);
    expect(await isOwn("say hello \nmore words", " say hello ")).toBe(true);
    expect(await isOwn([{ type: "text", text: "say hello" }], "10", "say hello")).toBe(true);
    expect(await isOwn("from stdin alone")).toBe(true);
  });

  it("is another's where it began with other words", async () => {
    expect(await isOwn("say hello, then weep", "say hello")).toBe(false);
    expect(await isOwn("run claude -p 'say hello'", "say hello")).toBe(false);
    expect(await isOwn([{ type: "tool_result", content: "say hello" }], "say hello")).toBe(false);
    const late = [said("other"), answer, said("say hello"), rejected];
    expect(await stateWith({ prompts: ["say hello"] }, ...late)).toBe("several");
  });

  it("is the run's where its command was typed so, and taken apart in the message", async () => {
    const typed = { type: "queue-operation", operation: "enqueue", content: "/night 7" };
    const message = said("<command-name>/night</command-name>");
    expect(await stateWith({ prompts: ["/night 7"] }, typed, message)).toBe("found");
    expect(await stateWith({ prompts: ["/night 8"] }, typed, message)).toBe("several");
  });

  it("is another's where it is older than the run, by its file or by what it holds", async () => {
    const later = Date.now() + 60_000;
    write("ours", [{ ...user, timestamp: new Date(later).toISOString() }], later + 1000);
    expect((await readSession({ ...search, startedAt: later })).state).toBe("several");
    expect(await stateWith({}, { ...user, timestamp: BEFORE }, user, rejected)).toBe("several");
    expect(await stateWith({}, { ...rejected, timestamp: BEFORE }, user)).toBe("several");
  });

  it("is the run's, however old, where it goes on with one and with its prompt", async () => {
    const past = [
      { ...said("earlier"), timestamp: BEFORE },
      { ...answer, timestamp: BEFORE },
    ];
    const lines = [...past, said("go on"), rejected];
    expect(await stateWith({ isContinued: true, prompts: ["go on"] }, ...lines)).toBe("found");
    expect(await stateWith({ isContinued: true, prompts: ["earlier"] }, ...lines)).toBe("several");
    expect(await stateWith({ isContinued: true }, ...lines)).toBe("several");
    expect(await stateWith({ sessionId: "ours" }, ...lines)).toBe("found");
  });

  it("is another's where its directory has the same folder, but another name", async () => {
    expect(await stateWith({}, { ...user, cwd }, rejected)).toBe("found");
    const twin = join(root, "my-work-dir--");
    expect(await stateWith({}, { ...user, cwd: twin }, rejected)).toBe("several");
  });

  it("tells neither what was done nor how it ended where it is another's, only that it was answered", async () => {
    write("ours", [said("other"), toolUse, answer]);
    const found = await readSession({ ...search, prompts: ["say hello"] });
    expect(found).toMatchObject({ state: "several", sessionId: null, hasAnswer: true });
    expect(found.traces).toEqual({ toolUse: null, assistantMessage: null });
  });
});

describe("what a session file tells", () => {
  const told = async (...lines: readonly object[]) => {
    write("ours", lines);
    return readSession(search);
  };

  it.each([
    ["nothing but the prompt", [user], false, false, false],
    ["an API error", [user, rejected], false, false, false],
    ["an answer", [user, answer], false, true, true],
    ["a tool use", [user, toolUse], true, true, true],
    ["a tool use, then an API error", [user, toolUse, rejected], true, true, false],
    [
      "a tool result alone",
      [{ type: "user", message: { content: [{ type: "tool_result" }] } }],
      true,
      false,
      false,
    ],
    [
      "tools used ahead of their message",
      [user, { type: "tools-used", tools: ["Bash"] }],
      true,
      false,
      false,
    ],
    ["a server's tool", [user, assistant({ type: "server_tool_use" })], true, true, true],
    ["thinking", [user, assistant({ type: "thinking", thinking: "…" })], false, true, true],
    ["a subagent's tool", [user, { ...toolUse, isSidechain: true }], true, true, false],
  ])("%s", async (_, lines, tool, message, hasAnswer) => {
    const found = await told(...lines);
    expect(found.traces).toEqual({ toolUse: tool, assistantMessage: message });
    expect(found.hasAnswer).toBe(hasAnswer);
  });

  it("the last API error, with its names, request and reset", async () => {
    const limit = apiError("You've hit your session limit", {
      error: "rate_limit",
      apiErrorStatus: 429,
      apiErrorType: "rate_limit_error",
      apiError: "usage_limit_reached",
      quotaLimits: { status: "rejected", resetsAt: 1_795_180_000 },
    });
    const { failure } = await told(user, rejected, limit);
    expect(failure).toEqual({
      text: "You've hit your session limit",
      httpStatus: 429,
      errorType: "rate_limit_error",
      category: "rate_limit",
      reason: "usage_limit_reached",
      terminalReason: null,
      requestId: "req_TEST",
      resetsAt: 1_795_180_000_000,
      isCertain: true,
    });
  });

  it("whether the model's last message holds words", async () => {
    expect(await told(user, toolUse, answer)).toMatchObject({ hasLastWord: true });
    expect(await told(user, answer, toolUse)).toMatchObject({
      hasAnswer: true,
      hasLastWord: false,
    });
    expect(await told(user, answer, rejected)).toMatchObject({ hasLastWord: false });
  });

  it("no failure when the model answered after it, and none that a subagent met", async () => {
    expect((await told(user, rejected, answer)).failure).toBeNull();
    const sidechain = { ...rejected, isSidechain: true };
    expect(await told(user, answer, sidechain)).toMatchObject({ failure: null, hasAnswer: true });
  });

  it("what an earlier run left in a resumed session is no answer, but its tools still count", async () => {
    search = { ...search, isContinued: true, prompts: ["hi"] };
    const earlier = { ...toolUse, timestamp: BEFORE };
    expect(await told(user, earlier)).toMatchObject({
      hasAnswer: false,
      failure: null,
      traces: { toolUse: true },
    });
    expect((await told({ ...rejected, timestamp: BEFORE }, user)).failure).toBeNull();
  });

  it("nothing can be ruled out behind a line that is cut, no JSON, or of an unknown shape", async () => {
    const unclear = { toolUse: null, assistantMessage: null };
    const path = write("ours", [user]);
    appendFileSync(path, '{"type":"assistant","mess');
    expect((await readSession(search)).traces).toEqual(unclear);
    expect((await told(user, { type: "assistant", message: { content: 7 } })).traces).toEqual(
      unclear,
    );
    expect((await told(user, { type: "assistant" }, toolUse)).traces).toEqual({
      toolUse: true,
      assistantMessage: true,
    });
  });

  it("nothing can be ruled out in a file too long to be read whole, though its end tells how it went", async () => {
    const filler = { type: "attachment", text: "x".repeat(1024 * 1024) };
    const found = await told(user, ...Array.from({ length: 9 }, () => filler), rejected);
    expect(found.traces).toEqual({ toolUse: null, assistantMessage: null });
    expect(found.failure).toMatchObject({ httpStatus: 401 });
  });

  it("says that it could not look, instead of that nothing is there", async () => {
    mkdirSync(join(root, "config"), { recursive: true });
    write("ours", [user, rejected]);
    rmSync(join(root, "config", "projects"), { recursive: true });
    symlinkSync("projects", join(root, "config", "projects"));
    expect(await readSession(search)).toMatchObject({ state: "unreadable" });
  });

  it("never mistakes a folder for a session", async () => {
    const path = write("ours", [user, rejected]);
    mkdirSync(path.replace("ours", "folder"));
    expect(await readSession(search)).toMatchObject({ state: "found", paths: [path] });
  });
});
