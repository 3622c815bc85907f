import type { HistoryRow } from "../../keep-view.ts";

/** What a row of the history says of a login: good news, bad news, or nothing about it. */
export type EventKind = "good" | "bad" | "neutral";

const GOOD: readonly string[] = [
  "refreshed",
  "adopted",
  "ok",
  "proved",
  "signed_in",
  "token_minted",
];
/** The job's own affair, or what somebody wanted. */
const NEUTRAL: readonly string[] = ["logged_out", "signed_out", "job_failed", "unknown_failure"];

export function eventKind({ code }: Pick<HistoryRow, "code">): EventKind {
  if (GOOD.includes(code)) return "good";
  return NEUTRAL.includes(code) ? "neutral" : "bad";
}

/** A verdict that a login is over has the error table's name for it. */
export function codeOf({ kind, code }: Pick<HistoryRow, "kind" | "code">): string {
  return kind === "verdict" && code === "ended" ? "login_ended" : code;
}

/** Whether a new access token came. */
export function isRenewal({ kind, code }: Pick<HistoryRow, "kind" | "code">): boolean {
  return kind === "refresh" && (code === "refreshed" || code === "adopted");
}

/** What a row tells, in words. */
export function eventWords({ kind, code }: Pick<HistoryRow, "kind" | "code">): string {
  const words: Readonly<Record<string, string>> = {
    "refresh refreshed": "Renewed",
    "refresh adopted": "Renewed by somebody else",
    "refresh logged_out": "Signed out",
    "run ok": "Job succeeded",
    "run job_failed": "Job failed by itself",
    "run unknown_failure": "Job failed",
    "login signed_in": "Somebody signed in",
    "login signed_out": "Signed out",
    "login token_minted": "A setup-token was minted",
    "verdict proved": "The server accepts it",
    "verdict auth_rejected": "The server rejects it",
    "verdict ended": "The server ended the login",
  };
  const what = kind === "run" ? "Job" : kind === "refresh" ? "Renewal" : "Verdict";
  return words[`${kind} ${code}`] ?? `${what}: ${code.replaceAll("_", " ")}`;
}
