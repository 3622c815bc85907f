import { describe, expect, it } from "vitest";
import { nightClock } from "../../../src/sandbox/drill/night-clock.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 20, 12);

/** A night on a machine whose clock is set by hand. */
function aNight() {
  let machine = START;
  const clock = nightClock(() => machine);
  const work = (ms: number) => void (machine += ms);
  return { clock, work };
}

describe("the clock of a night", () => {
  it("is the machine's until something was let go by", () => {
    const { clock, work } = aNight();
    work(1500);
    expect([clock.now(), clock.ahead()]).toEqual([START + 1500, 0]);
    expect(clock.nightTimeOf(START + 700)).toBe(START + 700);
  });

  it("goes on by itself between what is let go by", () => {
    const { clock, work } = aNight();
    clock.pass(3 * HOUR);
    work(2000);
    clock.pass(HOUR / 2);
    work(1000);
    expect(clock.now()).toBe(START + 3.5 * HOUR + 3000);
    expect(clock.ahead()).toBe(3.5 * HOUR);
  });

  it("leaves everything in the hour in which it was noted", () => {
    const { clock, work } = aNight();
    work(1000);
    clock.pass(3 * HOUR);
    work(2000);
    clock.pass(10 * HOUR);
    work(500);
    // 1 ms before a step, at it, and after it.
    expect(
      [999, 1000, 1001, 2999, 3000, 3500].map((ms) => clock.nightTimeOf(START + ms) - START),
    ).toEqual([
      999,
      3 * HOUR + 1000,
      3 * HOUR + 1001,
      3 * HOUR + 2999,
      13 * HOUR + 3000,
      13 * HOUR + 3500,
    ]);
  });

  it("knows no hours before the night began", () => {
    const { clock } = aNight();
    clock.pass(HOUR);
    expect(clock.nightTimeOf(START - 1)).toBe(START - 1);
  });
});
