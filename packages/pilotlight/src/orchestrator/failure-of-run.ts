import { type ErrorCode, TRAITS, traitsOf } from "../core/errors.ts";
import { sentence } from "../core/sentence.ts";
import { scrub } from "../core/scrub.ts";
import { ClaudeError, errorOf } from "./claude-error.ts";
import type { ClaudeMessages } from "./claude-messages.ts";
import { lineOf, notStartedBy, saidBy } from "./supervised.ts";

/** How a run ended. */
interface RunEnd {
  readonly exit: number | null;
  readonly stderr: string;
  /** Some of what it printed was too long to be read. */
  readonly isCut?: boolean;
}

/** What `run` says of it counts: it knows the login, and whether it could be mended. */
export function failureOfRun(
  messages: ClaudeMessages,
  { exit, stderr, isCut = false }: RunEnd,
  backend: "cli" | "agent-sdk",
): ClaudeError {
  const said = lineOf(stderr);
  // What was left out may have been a tool at work.
  const isRepeatable = !isCut && messages.isRepeatable();
  const verdict = messages.verdict(exit, saidBy(stderr));
  const known = { backend, isRepeatable };
  const own = said !== null && said.code in TRAITS ? (said.code as ErrorCode) : null;
  if (own === null) {
    if (exit === 127 || exit === 126) {
      return new ClaudeError("cli_not_found", scrub(notStartedBy(stderr)), {
        ...known,
        ...NOTHING,
      });
    }
    if (verdict.kind === "failed") return errorOf(verdict, known);
    const text = scrub(saidBy(stderr)).split("\n").at(-1) ?? "";
    const detail = text === "" ? "Claude Code ended without a result" : text;
    return new ClaudeError("claude_failed", detail, { ...known, ...NOTHING });
  }
  // Under --retry never, run leaves the repeat to us.
  const isLeft = own === "auth_rejected" && backend === "agent-sdk";
  const retry = isLeft ? "refresh_and_repeat" : traitsOf(own).retryable ? "wait" : "never";
  const { requestId, resetsAt } = verdict.kind === "failed" ? verdict : NOTHING;
  return new ClaudeError(own, scrub(detailIn(own, said?.text ?? "")), {
    ...known,
    requestId,
    resetsAt,
    retry,
  });
}

const NOTHING = { requestId: null, resetsAt: null, retry: "never" } as const;

/** The particular of `run`'s line: what the code means and what to do about it, an error has besides. */
function detailIn(code: ErrorCode, line: string): string {
  const { what, fix } = traitsOf(code);
  const start = line.startsWith(`${what}: `) ? what.length + 2 : 0;
  const told = [`. ${sentence(fix)}`, ". The next run renews it", " More: "];
  const ends = told.map((text) => line.lastIndexOf(text)).filter((at) => at >= start);
  return line.slice(start, Math.min(line.length, ...ends));
}
