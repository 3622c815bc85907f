import { type Entry, isBlanked } from "./credential.ts";
import { dueAt, type Life } from "./schedule.ts";
import type { Verdict } from "./verdict.ts";

/** Where a login stands. Only `ended` says that it is over, and only a verdict says `ended`. */
export type Phase =
  | "fresh"
  | "due"
  | "expired"
  | "rejected"
  | "blanked"
  | "ended"
  | "absent"
  | "unreadable"
  | "static";

/**
 * Tells the phase of what a store holds at `now` (epoch ms).
 * A verdict counts only for the token it names, so a stale one never outlives a sign-in.
 */
export function phaseOf(entry: Entry, verdict: Verdict | null, now: number, life: Life): Phase {
  if (entry.state !== "present") return entry.state;
  const { accessToken, refreshToken, expiresAt } = entry.credential;
  if (isBlanked(entry.credential)) return "blanked";
  if (verdict?.kind === "ended" && verdict.refresh === refreshToken?.fingerprint) return "ended";
  if (verdict?.kind === "rejected" && verdict.access === accessToken?.fingerprint)
    return "rejected";
  if (accessToken === null) return "expired";
  if (expiresAt === null) {
    // Nobody said when it ends. A refresh may tell; one that was just made and did not is not repeated.
    const isProved = verdict?.kind === "proved" && verdict.access === accessToken.fingerprint;
    return isProved ? "fresh" : "due";
  }
  if (expiresAt <= now) return "expired";
  return now >= dueAt(expiresAt, life) ? "due" : "fresh";
}
