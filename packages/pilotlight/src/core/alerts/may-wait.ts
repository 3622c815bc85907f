import type { AlertPolicy } from "./alert.ts";
import type { Problem } from "./problem.ts";
import { quietUntil } from "./quiet-hours.ts";

const DAY = 86_400_000;

/** What decides whether an alert may wait for the end of quiet hours. Times are epoch ms. */
export interface Urgency {
  readonly loginEndsAt: number | null;
  /** What is wrong; `null` for a notice, or for an end that is still to come. */
  readonly problem: Problem | null;
}

/**
 * Until when (epoch ms) an alert is held back; `null` where it is to be told now. Nothing waits within a day of
 * the login's end, nor does what needs a person and stops jobs before the quiet hours are over.
 */
export function heldUntil(
  { loginEndsAt, problem }: Urgency,
  { quiet }: AlertPolicy,
  now: number,
): number | null {
  const until = quietUntil(quiet, now);
  if (until === null) return null;
  const left = loginEndsAt === null ? Infinity : loginEndsAt - now;
  if (Math.abs(left) <= DAY) return null;
  if (problem?.isForPeople === true) {
    if (!problem.usable) return null;
    if (problem.expiresAt !== null && problem.expiresAt < until) return null;
  }
  return left > DAY ? Math.min(until, now + left - DAY) : until;
}
