import { describe, expect, it } from "vitest";
import { claudeArguments } from "../../../src/claude/command-line/claude-arguments.ts";

const words = (line: string) => line.split(" ");

describe("what starts Claude Code itself", () => {
  it.each([
    ["claude -p hi", 1],
    ["/usr/local/bin/claude -p hi", 1],
    ["C:\\Tools\\Claude.CMD -p hi", 1],
    ["npx @anthropic-ai/claude-code -p hi", 2],
    ["npx --yes @anthropic-ai/claude-code@2.1.104 -p hi", 3],
    ["npx -y -p @anthropic-ai/claude-code claude -p hi", 5],
    ["npx --package=@anthropic-ai/claude-code@latest -- claude -p hi", 4],
    ["node cli.js -p hi", 2],
    ["/opt/node/bin/node --max-old-space-size=512 /app/claude/cli.js -p hi", 3],
    ["node -r ./hook.js node_modules/@anthropic-ai/claude-code/cli.js -p hi", 4],
  ])("%s", (line, length) => {
    const found = claudeArguments(words(line));
    expect(found?.command).toHaveLength(length);
    expect(found).toMatchObject({ arguments: ["-p", "hi"], isPrint: true });
  });

  it.each([
    "python bot.py claude -p hi",
    "sh -c claude",
    "claude-wrapper -p hi",
    "npx prettier -p claude",
    "npx -p prettier claude -p hi",
    "node server.js -p hi",
    "node node_modules/prettier/cli.js -p hi",
    "node -p cli.js",
    "node",
    "",
  ])("is not %s", (line) => {
    expect(claudeArguments(words(line))).toBeNull();
  });

  it("is also what is configured, and only all of it", () => {
    const configured = ["python3", "/opt/wrap.py"];
    expect(claudeArguments(["python3", "/opt/wrap.py", "-p"], configured)).toMatchObject({
      command: configured,
      isPrint: true,
    });
    expect(claudeArguments(["python3", "/opt/other.py", "-p"], configured)).toBeNull();
    expect(claudeArguments(["python3"], configured)).toBeNull();
    expect(claudeArguments(["python3", "-p"], [])).toBeNull();
  });
});

describe("what the flags say", () => {
  const read = (line: string) => claudeArguments(["claude", ...(line === "" ? [] : words(line))]);
  const PLAIN = {
    isPrint: false,
    outputFormat: "text",
    inputFormat: "text",
    sessionId: null,
    isContinued: false,
    resumes: null,
    isPersistent: true,
    isBare: false,
    settings: null,
    model: null,
  };

  it.each([
    ["", {}],
    ["-p hi", { isPrint: true }],
    ["--print hi", { isPrint: true }],
    ["hi -p", { isPrint: true }],
    ["-pc hi", { isPrint: true, isContinued: true }],
    ["-p --output-format json", { isPrint: true, outputFormat: "json" }],
    ["--output-format=stream-json", { outputFormat: "stream-json" }],
    ["--output-format json --output-format=text", { outputFormat: "text" }],
    ["--output-format nonsense", {}],
    ["--input-format stream-json", { inputFormat: "stream-json" }],
    ["--session-id 1-2-3", { sessionId: "1-2-3" }],
    ["--session-id=1-2-3", { sessionId: "1-2-3" }],
    ["-c", { isContinued: true }],
    ["--continue", { isContinued: true }],
    ["-r", { resumes: "" }],
    ["-r -p", { resumes: "", isPrint: true }],
    ["-r 1-2-3 -p", { resumes: "1-2-3", isPrint: true }],
    ["--resume=1-2-3", { resumes: "1-2-3" }],
    ["-r1-2-3", { resumes: "1-2-3" }],
    ["--no-session-persistence", { isPersistent: false }],
    ["--bare", { isBare: true }],
    ["--settings /a.json --model opus", { settings: "/a.json", model: "opus" }],
    ["--model=opus", { model: "opus" }],
    ["--allowedTools Bash Edit -p", { isPrint: true }],
    ["--some-new-flag value --other=-p hi", {}],
    ["--append-system-prompt -p hi", {}],
    ["--model -c", { model: "-c" }],
    ["-- -p --continue", {}],
    ["-p - hi", { isPrint: true }],
  ])("%s", (line, expected) => {
    expect(read(line)).toMatchObject({ ...PLAIN, ...expected });
  });
});
