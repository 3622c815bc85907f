import type { ErrorCode, Mover } from "./errors.ts";

/** How a run can be said to have ended: an error code, or a failure of the job's own, whose exit status is the child's. */
export type RunCode = ErrorCode | "job_failed" | "unknown_failure";

/** What a row is about: how a run of Claude Code ended, how a refresh did, or what a credential store holds. */
export type Subject = "run" | "refresh" | "store";

/** `warning`: it mends itself, or Pilotlight does. `critical`: it stays so until somebody acts. */
type Severity = "info" | "warning" | "critical";

/**
 * What can make the same job or refresh succeed: a refresh of the login, a look at the store (a sibling
 * may have signed in), time, or nothing that Pilotlight could do.
 */
type Retry = "refresh_and_repeat" | "look_again" | "wait" | "never";

/** What a row asks of the evidence: every field that is given must hold, and one of its values is enough. */
export interface RowMatch {
  /** Regular expressions, matched without regard to case. */
  readonly text?: readonly string[];
  /** The same for stderr, line by line. */
  readonly stderr?: readonly string[];
  /** The same for what Claude Code's debug log, or an error of the system, gives as the cause. */
  readonly cause?: readonly string[];
  /** HTTP status of the last answer: `api_error_status` of a run, the token endpoint's of a refresh. */
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
  /** Who carried the refresh out: Claude Code in its stage, or a request of our own. */
  readonly via?: readonly ("cli" | "endpoint")[];
  /** `error` of the token endpoint's answer (RFC 6749 §5.2). */
  readonly oauthError?: readonly string[];
  /** What the answer's body was, whatever its content type says. */
  readonly body?: readonly ("json" | "other")[];
  /** Codes of the system or of the HTTP library, such as `ECONNRESET`. */
  readonly errno?: readonly string[];
  /** True: an answer came, with whatever status. */
  readonly isAnswered?: boolean;
  /** True: the answer said that all was well (2xx), and held no token that could be read. */
  readonly isHollow?: boolean;
  /** True: whoever carries the refresh out has not ended. */
  readonly isRunning?: boolean;
  /** What a store was found to hold, or that it was written to. */
  readonly store?: readonly StoreState[];
}

/** What can be found where a login should be. */
export type StoreState =
  | "absent"
  | "corrupt"
  | "not_a_file"
  | "unreadable"
  | "blanked"
  | "ended"
  | "rejected"
  | "spent"
  | "not_refreshable"
  | "not_kept"
  | "scope_missing"
  | "in_doubt"
  | "unwritable"
  | "read_only"
  | "locked";

/** One way for things to end, and what it calls for. Plain data. */
export interface VerdictRow {
  readonly id: string;
  readonly subject: Subject;
  /** What a person sees, as a sentence without its full stop. */
  readonly symptom: string;
  readonly code: RunCode;
  /** One of them is enough. */
  readonly match: readonly RowMatch[];
  readonly severity: Severity;
  readonly whoMoves: Mover;
  /** What to do, step by step, in whole sentences. */
  readonly steps: readonly string[];
  readonly retry: Retry;
  /** What became of the refresh token; `null` where this says nothing about it. */
  readonly grant: "stands" | "in_doubt" | "ended" | null;
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

/** A row on a refresh or a store: there is no child whose code could count. */
export interface RefreshRow extends VerdictRow {
  readonly code: ErrorCode;
  readonly grant: "stands" | "in_doubt" | "ended";
}

export interface StoreRow extends VerdictRow {
  readonly code: ErrorCode;
}
