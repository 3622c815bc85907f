import { traitsOf, type ErrorCode } from "./errors.ts";
import { loginStatus, type LoginView } from "./login-status.ts";
import { dueAt, MANDATORY_WINDOW, USUAL_LIFE } from "./schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The first pause (ms) after a failure, which each further one doubles: where time alone may help, and where somebody has to act. */
const FIRST_PAUSE = { retryable: 5 * SECOND, other: MINUTE } as const;
const LONGEST_PAUSE = 30 * MINUTE;
const SHORTEST_PAUSE = SECOND;

/**
 * When (epoch ms) a keeper should try to renew a login; `null` where nothing can be tried before somebody
 * changes the store.
 */
export function attemptAt(view: LoginView, now: number): number | null {
  if (!view.isKept || view.isReadOnly) return null;
  // A result may lie in journal or stage, and wants to be stored.
  if (view.journal !== null && view.journal.step !== "in_doubt") return now;
  const { phase, refreshable, inDoubt } = loginStatus(view, now);
  if (!refreshable || view.entry.state !== "present") return null;
  const { expiresAt } = view.entry.credential;
  if (phase === "fresh") return expiresAt === null ? null : dueAt(expiresAt, lifeOf(view));
  // In doubt, nothing is sent while the access token lives.
  if (inDoubt && phase === "due") return expiresAt;
  return now;
}

function lifeOf({ record, jitter }: LoginView) {
  return { length: record.lifeLength ?? USUAL_LIFE, jitter };
}

/**
 * How long (ms) to leave the login alone after the last of `failures` in a row: 5 s to 30 min with full jitter,
 * a minute and more where only a person or an admin can help.
 * @param random in [0, 1)
 */
export function pauseAfter(code: ErrorCode, failures: number, random: number): number {
  const first = traitsOf(code).retryable ? FIRST_PAUSE.retryable : FIRST_PAUSE.other;
  const longest = Math.min(LONGEST_PAUSE, first * 2 ** Math.min(failures - 1, 20));
  return Math.max(SHORTEST_PAUSE, random * longest);
}

/**
 * The same, cut short where it would sleep through the start of the mandatory window or the token's end: at
 * both a try is made. What the server asked for (`retryAfter`, ms) is kept to in any case.
 */
export function pauseWithin(
  pause: number,
  now: number,
  expiresAt: number | null,
  retryAfter: number | null,
): number {
  if (retryAfter !== null) return Math.max(pause, retryAfter);
  const marks = expiresAt === null ? [] : [expiresAt - MANDATORY_WINDOW - now, expiresAt - now];
  return Math.min(pause, ...marks.filter((left) => left > 0));
}
