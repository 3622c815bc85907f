import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pauseAfter, pauseWithin } from "../../src/core/keep-plan.ts";
import { MANDATORY_WINDOW } from "../../src/core/schedule.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("the pause after failures", () => {
  it.each([
    [1, 5 * SECOND],
    [2, 10 * SECOND],
    [3, 20 * SECOND],
    [9, 1280 * SECOND],
    [10, 30 * MINUTE],
    [1000, 30 * MINUTE],
  ])("after %i is anything up to %i ms where time alone may help", (failures, longest) => {
    expect(pauseAfter("endpoint_unavailable", failures, 0.999_999)).toBeCloseTo(longest, -1);
    expect(pauseAfter("endpoint_unavailable", failures, 0.5)).toBeCloseTo(longest / 2, -1);
    expect(pauseAfter("endpoint_unavailable", failures, 0)).toBe(SECOND);
  });

  it("begins with a minute where somebody has to act", () => {
    expect(pauseAfter("cannot_persist", 1, 0.999_999)).toBeCloseTo(MINUTE, -1);
    expect(pauseAfter("cli_refused", 6, 0.999_999)).toBeCloseTo(30 * MINUTE, -1);
  });
});

describe("a pause beside a token's end", () => {
  const now = Date.UTC(2026, 10, 21);

  it.each([
    ["far from it is left as it is", 5 * HOUR, 30 * MINUTE, 30 * MINUTE],
    [
      "1 ms too long for the mandatory window is cut",
      MANDATORY_WINDOW + MINUTE,
      MINUTE + 1,
      MINUTE,
    ],
    ["that ends with it is left", MANDATORY_WINDOW + MINUTE, MINUTE, MINUTE],
    ["in the window is cut at the end", 5 * MINUTE, 30 * MINUTE, 5 * MINUTE],
    ["after the end is left as it is", -MINUTE, 30 * MINUTE, 30 * MINUTE],
  ])("%s", (_, left, pause, expected) => {
    expect(pauseWithin(pause, now, now + left, null)).toBe(expected);
  });

  it("keeps to what the server asked for, whatever ends meanwhile", () => {
    expect(pauseWithin(MINUTE, now, now + MINUTE, 2 * HOUR)).toBe(2 * HOUR);
    expect(pauseWithin(MINUTE, now, now + HOUR, SECOND)).toBe(MINUTE);
  });

  it("is never negative and never longer than it was", () => {
    fc.assert(
      fc.property(fc.nat(30 * MINUTE), fc.integer({ min: -HOUR, max: HOUR }), (pause, left) => {
        const within = pauseWithin(pause, now, now + left, null);
        expect(within).toBeGreaterThanOrEqual(0);
        expect(within).toBeLessThanOrEqual(pause);
      }),
    );
  });
});
