import { type ErrorCode, traitsOf } from "../../core/errors.ts";

/** How a check can end; only a `failure` makes doctor's exit status anything but 0. */
export type Result = "ok" | "note" | "warning" | "failure" | "skipped";

/** What `doctor --fix` can do about a finding: each is reversible and spends no token. */
export type Repair = "file-mode" | "orphan-locks" | "finish-refresh";

/** One thing that a check found out. Never carries a secret. */
export interface Finding {
  readonly result: Result;
  /** What was seen, and where. */
  readonly evidence: string;
  /** What to do, as a sentence without its full stop. */
  readonly fix: string | null;
  /** A command that can be typed as it stands. */
  readonly command: string | null;
  /** Names a failure; its exit code is doctor's. */
  readonly code: ErrorCode | null;
  readonly repair: Repair | null;
  /** Its own numbers in the catalogue of failure modes; `null` where those of its check say it. */
  readonly fm: readonly string[] | null;
}

const NOTHING = { fix: null, command: null, code: null, repair: null, fm: null } as const;

export function ok(evidence: string): Finding {
  return { ...NOTHING, result: "ok", evidence };
}

/** Worth knowing, nothing to do. */
export function note(evidence: string, fix: string | null = null): Finding {
  return { ...NOTHING, result: "note", evidence, fix };
}

/** @param reason why the check does not apply or could not look */
export function skipped(
  reason: string,
  more: Partial<Pick<Finding, "fix" | "command">> = {},
): Finding {
  return { ...NOTHING, result: "skipped", evidence: reason, ...more };
}

/** Works today, and will not for ever. */
export function warning(
  evidence: string,
  fix: string,
  more: Partial<Pick<Finding, "command" | "repair" | "fm">> = {},
): Finding {
  return { ...NOTHING, result: "warning", evidence, fix, ...more };
}

/** A job fails, or a login is lost, until somebody acts. */
export function failure(
  code: ErrorCode,
  evidence: string,
  more: Partial<Pick<Finding, "fix" | "command" | "repair" | "fm">> = {},
): Finding {
  const { fix, command = null } = traitsOf(code);
  return { ...NOTHING, result: "failure", evidence, code, fix, command, ...more };
}
