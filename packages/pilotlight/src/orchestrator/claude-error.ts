import { type ErrorCode, PilotlightError, traitsOf } from "../core/errors.ts";
import type { RunVerdict } from "../core/recognise.ts";
import { TRAITS } from "../core/errors.ts";
import type { Backend } from "./ask.ts";

type Failed = Extract<RunVerdict, { kind: "failed" }>;

/** What is known of a failed ask besides its code. */
interface Known {
  readonly backend: Backend;
  readonly requestId: string | null;
  /** Epoch ms at which a limit ends; `null` where nobody said. */
  readonly resetsAt: number | null;
  /** What may be done about it by asking again. */
  readonly retry: Failed["row"]["retry"];
  /** True where nothing had been done yet that must not be done twice. */
  readonly isRepeatable: boolean;
  /** What Claude answered, where that was not what was asked for. */
  readonly answer?: string | null;
}

/** Why Claude did not answer. `code` is of the one table; `fix` and `command` are what a person can do. */
export class ClaudeError extends PilotlightError implements Known {
  readonly backend: Backend;
  readonly requestId: string | null;
  readonly resetsAt: number | null;
  readonly retry: Known["retry"];
  readonly isRepeatable: boolean;
  readonly answer: string | null;

  constructor(code: ErrorCode, detail: string, known: Known) {
    super(code, detail);
    this.name = "ClaudeError";
    this.backend = known.backend;
    this.requestId = known.requestId;
    this.resetsAt = known.resetsAt;
    this.retry = known.retry;
    this.isRepeatable = known.isRepeatable;
    this.answer = known.answer ?? null;
  }

  /** What to do, as a sentence without its full stop. */
  get fix(): string {
    return traitsOf(this.code).fix;
  }

  /** A command that can be typed as it stands; `null` where none helps. */
  get command(): string | null {
    return traitsOf(this.code).command ?? null;
  }

  /** Whether a later try can succeed without a person. */
  get isRetryable(): boolean {
    return traitsOf(this.code).retryable;
  }
}

/** The error of a verdict; a failure of the job's own is `claude_failed`. */
export function errorOf(
  verdict: Failed,
  known: Pick<Known, "backend" | "isRepeatable">,
): ClaudeError {
  const { row, requestId, resetsAt } = verdict;
  const code = verdict.code in TRAITS ? (verdict.code as ErrorCode) : "claude_failed";
  const said = verdict.text.replace(/\s+/g, " ").trim().slice(0, 500);
  const text = said === "" ? row.symptom : said;
  return new ClaudeError(code, text, { ...known, requestId, resetsAt, retry: row.retry });
}
