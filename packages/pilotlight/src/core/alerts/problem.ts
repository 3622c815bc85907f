import type { Mover } from "../errors.ts";
import type { LoginHealth } from "../health.ts";
import type { AlertCode, AlertKind, AlertPolicy, Severity } from "./alert.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A step that a person is on, such as a sign-in, shows for a moment what would be trouble if it stayed. */
const SETTLE = 10 * SECOND;
/** What stops jobs may pass by itself for so long. */
const DOWN_HOLD = 2 * MINUTE;
/** Where somebody else renews the login, it is theirs to do until so much is left. */
const OTHERS_MARGIN = HOUR;

/** What is wrong with a login, apart from an end that is still to come. */
export interface Problem {
  readonly code: AlertCode;
  readonly by: Mover;
  /** Somebody has to act, or at least to know at once. */
  readonly isForPeople: boolean;
  /** Jobs run all the same. */
  readonly usable: boolean;
  readonly message: string;
  readonly command: string | null;
  /** Epoch ms. */
  readonly expiresAt: number | null;
}

/** What needs nobody as long as the login can be used. */
const OURS: ReadonlySet<AlertCode> = new Set([
  "refresh_due",
  "login_ends_soon",
  "expires_at_in_seconds",
]);

/** A copy that somebody else renews: that it cannot be renewed here is no news. */
const RENEWED_ELSEWHERE: ReadonlySet<AlertCode> = new Set(["store_read_only", "not_refreshable"]);

/** Finds what is wrong; `null` for nothing, `"unknown"` while nobody has looked. */
export function problemOf({
  health,
  action,
  trouble,
  usable,
  expiresAt,
}: LoginHealth): Problem | null | "unknown" {
  if (health === "starting" && trouble === null) return "unknown";
  const isOurs = action === null || OURS.has(action.code);
  if (isOurs && health !== "down") return null;
  const by = action?.by ?? "pilotlight";
  const code = action?.code ?? "refresh_due";
  return {
    code,
    by,
    isForPeople: by === "person" || by === "admin" || code === "in_doubt",
    usable,
    message: action?.message ?? "the login cannot be used",
    command: action?.command ?? null,
    expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
  };
}

/** What would have to change for a problem to be news. Codes that only time can mend are one and the same. */
export function signatureOf({ code, isForPeople, usable }: Problem): string {
  return `${isForPeople ? code : "wait"}:${usable ? "usable" : "down"}`;
}

/** When (epoch ms) a problem that has been there since `since` is to be told. */
export function tellAt(problem: Problem, since: number, { grace }: AlertPolicy): number {
  const { code, usable, isForPeople, expiresAt } = problem;
  if (usable && RENEWED_ELSEWHERE.has(code) && expiresAt !== null) {
    return Math.max(since + Math.min(grace, SETTLE), expiresAt - OTHERS_MARGIN);
  }
  if (isForPeople) return since + Math.min(grace, SETTLE);
  return since + (usable ? grace : Math.min(grace, DOWN_HOLD));
}

/** How long (ms) a login has to be well before that is told. */
export function settleTime({ grace }: AlertPolicy): number {
  return Math.min(grace, MINUTE);
}

export function kindOf({ code }: Problem): AlertKind {
  switch (code) {
    case "cli_refused":
      return "build_refused";
    case "refresh_token_spent":
      return "copied_login";
    case "in_doubt":
    case "login_ended":
      return code;
    default:
      return "trouble";
  }
}

export function severityOf({ usable }: Problem): Severity {
  return usable ? "warning" : "critical";
}

/** Whether a sign-in is what it takes. */
export function isMendedBySignIn(command: string | null): boolean {
  return /\b(?:pilotlight|claude auth) login\b/.test(command ?? "");
}
