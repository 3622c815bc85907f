import { setTimeout as sleep } from "node:timers/promises";
import { type Listeners, listeners } from "../keep/keep-view.ts";

/** ms between two looks at who is there. */
const POLL = 100;
/** ms that a page may be away, as while it is loaded anew, and count as open. */
const AWAY = 5_000;

/** The pages that are open: those listen for events. */
export interface Audience extends Listeners {
  /** Waits until a page is open, for `ms` at most or until `signal` aborts. */
  come(ms: number, signal: AbortSignal): Promise<void>;
  /** Waits until none has been open for some seconds, likewise. Where none ever was, it does not wait. */
  leave(ms: number, signal: AbortSignal): Promise<void>;
}

/** @param now the monotonic clock, ms */
export function audience(now: () => number = () => performance.now()): Audience {
  const all = listeners();
  let count = 0;
  let lastSeen = -Infinity;
  const seen = () => {
    if (count > 0) lastSeen = now();
    return lastSeen;
  };
  const until = async (is: () => boolean, ms: number, signal: AbortSignal) => {
    const end = now() + ms;
    while (!is() && now() < end && !signal.aborted)
      await sleep(POLL, undefined, { signal }).catch(() => undefined);
  };
  return {
    call: () => all.call(),
    add(listener) {
      const remove = all.add(listener);
      count += 1;
      seen();
      return () => {
        seen();
        count -= 1;
        remove();
      };
    },
    come: (ms, signal) => until(() => count > 0, ms, signal),
    leave: (ms, signal) => until(() => now() - seen() > AWAY, ms, signal),
  };
}
