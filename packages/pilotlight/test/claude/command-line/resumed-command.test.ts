import { describe, expect, it } from "vitest";
import { claudeArguments } from "../../../src/claude/command-line/claude-arguments.ts";
import { resumedCommand } from "../../../src/claude/command-line/resumed-command.ts";

function resumed(line: string | readonly string[]) {
  const argv = typeof line === "string" ? line.split(" ") : line;
  const args = claudeArguments(argv);
  if (args === null) throw new Error("no Claude Code");
  return resumedCommand(args, "S")?.join(" ") ?? null;
}

describe("the command that goes on with a session", () => {
  it.each([
    ["claude -p hello", "claude --print --resume=S"],
    ["claude hello -p", "claude --print --resume=S"],
    [
      "claude -p hello --output-format json --model=haiku",
      "claude --print --output-format json --model haiku --resume=S",
    ],
    ["node /opt/cli.js -p hello", "node /opt/cli.js --print --resume=S"],
    [
      "npx -y @anthropic-ai/claude-code -p hello",
      "npx -y @anthropic-ai/claude-code --print --resume=S",
    ],
    ["claude -pc hello", "claude --print --resume=S"],
    ["claude -p --session-id X hello", "claude --print --resume=S"],
    ["claude -p -r OLD --fork-session hello", "claude --print --resume=S"],
    ["claude -rOLD -p hello", "claude --print --resume=S"],
    [
      "claude -p hello --allowedTools Bash Edit --verbose",
      "claude --print --allowedTools Bash Edit --verbose --resume=S",
    ],
    ["claude -p --debug=api -- --hello", "claude --print --debug=api --resume=S"],
    ["claude -p", "claude --print --resume=S"],
  ])("%s → %s", (line, expected) => {
    expect(resumed(line)).toBe(expected);
  });

  it("keeps values that look like options or hold spaces", () => {
    const argv = ["claude", "-p", "say it", "--append-system-prompt", "-be brief"];
    expect(resumed(argv)).toBe("claude --print --append-system-prompt -be brief --resume=S");
  });

  it.each([
    ["a prompt that may be the value of a new option", "claude -p --brand-new hello"],
    ["an unknown letter", "claude -pX hello"],
    ["events for an input", "claude -p --input-format stream-json --output-format stream-json"],
    ["a session that is not kept", "claude -p hello --no-session-persistence"],
  ])("cannot be told with %s", (_, line) => {
    expect(resumed(line)).toBeNull();
  });
});
