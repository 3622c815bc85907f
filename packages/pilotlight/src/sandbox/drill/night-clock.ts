/** The clock of a night whose hours are let go by: the machine's, ahead by what has passed. Times are epoch ms. */
export interface NightClock {
  now(): number;
  /** ms that have been let go by so far. */
  ahead(): number;
  /** Lets `ms` go by. */
  pass(ms: number): void;
  /** What this clock showed when the machine's showed `time`: what somebody noted then keeps its hour. */
  nightTimeOf(time: number): number;
}

/** @param machine the machine's clock, epoch ms */
export function nightClock(machine: () => number = Date.now): NightClock {
  /** From these times of the machine on, it was ahead by so much. */
  const passed: { readonly from: number; readonly ahead: number }[] = [];
  const ahead = () => passed.at(-1)?.ahead ?? 0;
  return {
    now: () => machine() + ahead(),
    ahead,
    pass(ms) {
      passed.push({ from: machine(), ahead: ahead() + ms });
    },
    nightTimeOf(time) {
      return time + (passed.findLast(({ from }) => from <= time)?.ahead ?? 0);
    },
  };
}
