import { lineSplitter } from "../claude/output/line-splitter.ts";
import { parseFields } from "../claude/output/message-events.ts";
import { type AskOnce, type Question, toolNames } from "./backend.ts";
import { failureOfRun } from "./failure-of-run.ts";
import { type ClaudeMessages, claudeMessages } from "./claude-messages.ts";
import { credentialOf, startSupervised } from "./supervised.ts";
import type { Supervision } from "./supervision.ts";

/** The longest message of a stream that is read (characters); a longer one is left out. */
const LONGEST = 16 * 1024 * 1024;

/** Asks Claude Code, in a process of its own, under `pilotlight run`. The prompt goes by stdin, where no list of processes shows it. */
export function cliBackend(supervision: Omit<Supervision, "auth">): AskOnce {
  return async (question) => {
    question.signal.throwIfAborted();
    const { auth } = question.plan;
    const run = startSupervised({ ...supervision, auth }, "safe", argumentsOf(question));
    const messages = claudeMessages(question.onEvent);
    const leave = () => run.child.kill("SIGTERM");
    question.signal.addEventListener("abort", leave);
    run.child.stdin?.end(question.prompt);
    const lines = lineSplitter(LONGEST);
    run.child.stdout?.on("data", (chunk: Buffer) => {
      for (const line of lines.take(chunk)) hear(messages, line);
    });
    const exit = await run.ended;
    question.signal.removeEventListener("abort", leave);
    hear(messages, lines.rest());
    // It has ended by then, as `run` does: never in the middle of a grant.
    question.signal.throwIfAborted();
    const answer = messages.answer();
    if (answer !== null && exit === 0) return { ...answer, ...credentialOf(run.stderr()) };
    const end = { exit, stderr: run.stderr(), isCut: lines.hasSkipped };
    throw failureOfRun(messages, end, "cli");
  };
}

function argumentsOf({ model, system, tools, session, jsonSchema }: Question): readonly string[] {
  return [
    "-p",
    "--verbose",
    "--output-format",
    "stream-json",
    ...(model === null ? [] : ["--model", model]),
    ...(system === undefined ? [] : ["--system-prompt", system]),
    ...(session === undefined ? [] : [`--resume=${session}`]),
    ...(jsonSchema === null ? [] : ["--json-schema", JSON.stringify(jsonSchema)]),
    "--tools",
    toolNames(tools).join(","),
    ...(tools.length === 0 ? [] : ["--allowedTools", tools.join(",")]),
  ];
}

function hear(messages: ClaudeMessages, line: string): void {
  const message = parseFields(line);
  if (message !== null) messages.take(message);
}
