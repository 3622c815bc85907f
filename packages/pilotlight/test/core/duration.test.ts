import { describe, expect, it } from "vitest";
import { parseDuration, printDuration } from "../../src/core/duration.ts";

describe("a time that somebody wrote", () => {
  it.each([
    ["500ms", 500],
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["1.5h", 5_400_000],
    ["0s", 0],
    [" 30m ", 1_800_000],
  ])("%j is %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "30", "m", "-5m", "+5m", "5 m", "1h30m", "1e3s", "5.m", ".5m", "5M", "5min", "∞"])(
    "%j is none",
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});

describe("a time for people", () => {
  const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];
  it.each([
    [0, "0 s"],
    [499, "0 s"],
    [500, "1 s"],
    [59 * SECOND, "59 s"],
    [59_600, "1 min 0 s"],
    [MINUTE, "1 min 0 s"],
    [5 * MINUTE - SECOND, "4 min 59 s"],
    [5 * MINUTE, "5 min"],
    [HOUR - SECOND, "59 min"],
    [HOUR, "1 h 0 min"],
    [6 * HOUR + 12 * MINUTE, "6 h 12 min"],
    [DAY - SECOND, "23 h 59 min"],
    [DAY, "1 d 0 h"],
    [3 * DAY - SECOND, "2 d 23 h"],
    [3 * DAY, "3 days"],
    [30 * DAY, "30 days"],
    [-90 * SECOND, "1 min 30 s"],
    [Infinity, "an unknown time"],
    [-Infinity, "an unknown time"],
    [NaN, "an unknown time"],
  ])("%i ms is %s", (ms, text) => {
    expect(printDuration(ms)).toBe(text);
  });
});
