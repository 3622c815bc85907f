import { setTimeout } from "node:timers/promises";
import { LONGEST_TIMER } from "../core/duration.ts";
import type { AskEvent } from "./ask.ts";
import { ClaudeError } from "./claude-error.ts";

/** How long and how often a question is put again. */
export interface Persistence {
  /** Tries in all; 1 never repeats. */
  readonly attempts: number;
  /** ms of waiting in all. */
  readonly budgetMs: number;
  /** Waits for the reset of a used-up limit, however far off within the budget; such a limit fails at once otherwise. */
  readonly waitForReset: boolean;
}

type Repeat = Extract<AskEvent, { kind: "retry" }>;

/** Renews the login after a rejected token; false where that brought nothing. */
export type Renew = () => Promise<boolean>;

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** Asks, and asks again where the verdict says that waiting or a refresh helps, and nothing was done twice by it. */
export async function persist<T>(
  ask: () => Promise<T>,
  around: {
    readonly persistence: Persistence;
    readonly renew: Renew;
    readonly signal: AbortSignal;
    readonly onRepeat: (event: Repeat) => void;
    /** Ends early, without an error, when the signal aborts. */
    readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  },
): Promise<{ readonly reply: T; readonly attempts: number }> {
  const { persistence, renew, signal, onRepeat, sleep = pauseFor } = around;
  let waited = 0;
  let isRenewed = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return { reply: await ask(), attempts: attempt };
    } catch (error) {
      if (!(error instanceof ClaudeError) || !error.isRepeatable) throw error;
      if (attempt >= persistence.attempts) throw error;
      let pause: number | null = 0;
      if (error.retry === "refresh_and_repeat") {
        if (isRenewed || !(await renew())) throw error;
        isRenewed = true;
      } else {
        pause = pauseAfter(error, attempt, persistence);
      }
      if (pause === null || pause > LONGEST_TIMER || waited + pause > persistence.budgetMs)
        throw error;
      waited += pause;
      onRepeat({ kind: "retry", code: error.code, attempt, inMs: pause });
      await sleep(pause, signal);
      signal.throwIfAborted();
    }
  }
}

/** ms; `null` where waiting does not help, or was not asked for. */
function pauseAfter(
  error: ClaudeError,
  attempt: number,
  { waitForReset }: Persistence,
): number | null {
  if (error.retry !== "wait") return null;
  const told = error.resetsAt === null ? 0 : Math.max(0, error.resetsAt - Date.now());
  if (error.code === "usage_limit") return waitForReset && error.resetsAt !== null ? told : null;
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1));
  return Math.max(told, pause * (0.5 + Math.random() / 2));
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, null, { signal }).catch(() => undefined);
}
