import { lineSplitter } from "../claude/output/line-splitter.ts";
import { parseFields } from "../claude/output/message-events.ts";
import { type ErrorCode, TRAITS, traitsOf } from "../core/errors.ts";
import type { AskOnce, Question } from "./backend.ts";
import { ClaudeError, errorOf } from "./claude-error.ts";
import { type ClaudeMessages, claudeMessages } from "./claude-messages.ts";
import { credentialOf, lineOf, saidBy, startSupervised, type Supervision } from "./supervised.ts";

/** The longest message of a stream that is read (characters); a longer one is left out. */
const LONGEST = 16 * 1024 * 1024;

/** Asks Claude Code, in a process of its own, under `pilotlight run`. The prompt goes by stdin, where no list of processes shows it. */
export function cliBackend(supervision: Omit<Supervision, "auth">): AskOnce {
  return async (question) => {
    question.signal.throwIfAborted();
    const { auth } = question.plan;
    const run = startSupervised({ ...supervision, auth }, "safe", argumentsOf(question));
    const messages = claudeMessages(question.onEvent);
    const end = () => run.child.kill("SIGTERM");
    question.signal.addEventListener("abort", end);
    run.child.stdin.end(question.prompt);
    const lines = lineSplitter(LONGEST);
    run.child.stdout.on("data", (chunk: Buffer) => {
      for (const line of lines.take(chunk)) hear(messages, line);
    });
    const exit = await run.ended;
    question.signal.removeEventListener("abort", end);
    hear(messages, lines.rest());
    // It has ended by then, as `run` does: never in the middle of a grant.
    question.signal.throwIfAborted();
    const answer = messages.answer();
    if (answer === null || exit !== 0) throw failureOf(messages, exit, run.stderr());
    return { ...answer, ...credentialOf(run.stderr()) };
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
    ...(session === undefined ? [] : ["--resume", session]),
    ...(jsonSchema === null ? [] : ["--json-schema", JSON.stringify(jsonSchema)]),
    "--tools",
    tools.map((tool) => tool.replace(/\(.*$/s, "")).join(","),
    ...(tools.length === 0 ? [] : ["--allowedTools", tools.join(",")]),
  ];
}

function hear(messages: ClaudeMessages, line: string): void {
  const message = parseFields(line);
  if (message !== null) messages.take(message);
}

/** What `run` says of it counts: it knows the login, and whether it could be mended. */
export function failureOf(
  messages: ClaudeMessages,
  exit: number | null,
  stderr: string,
  backend: "cli" | "agent-sdk" = "cli",
): ClaudeError {
  const said = lineOf(stderr);
  const isRepeatable = messages.isRepeatable();
  const verdict = messages.verdict(exit, saidBy(stderr));
  const known = { backend, isRepeatable };
  const own = said !== null && said.code in TRAITS ? (said.code as ErrorCode) : null;
  if (own === null) {
    if (verdict.kind === "failed") return errorOf(verdict, known);
    const text = saidBy(stderr).split("\n").at(-1) ?? "";
    const detail = text === "" ? "Claude Code ended without a result" : text;
    return new ClaudeError("claude_failed", detail, { ...known, ...NOTHING, retry: "never" });
  }
  const retry = traitsOf(own).retryable ? "wait" : "never";
  const { requestId, resetsAt } = verdict.kind === "failed" ? verdict : NOTHING;
  return new ClaudeError(own, said?.text ?? "", { ...known, requestId, resetsAt, retry });
}

const NOTHING = { requestId: null, resetsAt: null } as const;
