import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../../../src/core/ports.ts";

/** Real time, run `speed` times as fast where only its passing matters: `now` stays the wall clock that mtimes are set by. */
export function realClock(speed = 1): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now() * speed,
    sleep: (ms, signal) =>
      setTimeout(ms / speed, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
  };
}

/** A clock that stands still until somebody sleeps or it is pushed. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(now = 1_800_000_000_000): ManualClock {
  let passed = 0;
  return {
    now: () => now + passed,
    monotonic: () => passed,
    async sleep(ms) {
      passed += ms;
      await setTimeout(0);
    },
    advance: (ms) => void (passed += ms),
  };
}
