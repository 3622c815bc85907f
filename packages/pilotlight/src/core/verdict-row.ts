import type { ErrorCode, Mover } from "./errors.ts";

/** How a run can be said to have ended: an error code, or a failure of the job's own, whose exit status is the child's. */
export type RunCode = ErrorCode | "job_failed" | "unknown_failure";

/**
 * What can make the same job succeed: a refresh of the login, a look at the store (a sibling may have
 * signed in), time, or nothing that Pilotlight could do.
 */
type Retry = "refresh_and_repeat" | "look_again" | "wait" | "never";

/** What a row asks of the evidence: every field that is given must hold, and one of its values is enough. */
export interface RowMatch {
  /** Regular expressions, matched without regard to case. */
  readonly text?: readonly string[];
  /** The same for stderr, line by line. */
  readonly stderr?: readonly string[];
  /** HTTP status of the last answer (`api_error_status`). */
  readonly httpStatus?: readonly number[];
  /** The API's own name for it (`api_error_type`). */
  readonly errorType?: readonly string[];
  /** Claude Code's name for its kind (`error`). */
  readonly category?: readonly string[];
  /** Claude Code's name for its reason (`api_error`). */
  readonly reason?: readonly string[];
  readonly terminalReason?: readonly string[];
  /** Where Claude Code says its key came from (`apiKeySource` of `system/init`). */
  readonly apiKeySource?: readonly string[];
  /** True: the time at which a limit ends is known. */
  readonly hasReset?: boolean;
  /** True: requests went to somebody else than Anthropic. */
  readonly isGateway?: boolean;
  /** True: the login in the store is known to be dead. */
  readonly isStoreDead?: boolean;
  /** True: exit 0, and nothing to show for it. */
  readonly isSilent?: boolean;
}

/** One way for a run to end, and what it calls for. Plain data. */
export interface VerdictRow {
  readonly id: string;
  readonly code: RunCode;
  /** One of them is enough. */
  readonly match: readonly RowMatch[];
  readonly whoMoves: Mover;
  readonly retry: Retry;
  /** Whose exit status counts: the code's (`TRAITS`), or the child's own. */
  readonly exit: "code" | "child";
  /** Numbers in the catalogue of failure modes. */
  readonly fm: readonly string[];
  /** First and last version of Claude Code known to behave so; `null` where that is open. */
  readonly since: string | null;
  readonly until: string | null;
  /** Texts as they were seen, word for word; each is recognised by this row. */
  readonly examples: readonly string[];
  readonly note: string;
}
