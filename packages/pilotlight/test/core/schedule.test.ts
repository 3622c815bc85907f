import { assert, double, integer, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dueAt,
  jitterOf,
  lifeToAskFor,
  MANDATORY_WINDOW,
  USUAL_LIFE,
} from "../../src/core/schedule.ts";

const MINUTE = 60_000;
const END = 1_800_000_000_000;

describe("the moment a token enters its refresh window", () => {
  it.each([
    ["a quarter of 8 hours before the end", 480, 0, 120],
    ["10 % earlier with the highest jitter", 480, 1, 132],
    ["10 % later with the lowest", 480, -1, 108],
    ["a quarter of an hour-long life is just the floor", 60, 0, 15],
    ["1 minute more of life, and the quarter counts", 64, 0, 16],
    ["1 minute less, and the floor counts", 56, 0, 15],
    ["the floor holds down to half an hour of life", 30, 0, 15],
    ["below that half the life counts", 28, 0, 14],
    ["a life of nothing is due at its end", 0, 0, 0],
  ])("%s", (_name, lifeMinutes, jitter, windowMinutes) => {
    const life = { length: lifeMinutes * MINUTE, jitter };
    expect(END - dueAt(END, life)).toBeCloseTo(windowMinutes * MINUTE, 3);
  });

  it("is never before the token's birth nor after its end", () => {
    const life = record({
      length: integer({ min: 0, max: 30 * USUAL_LIFE }),
      jitter: double({ min: -1, max: 1, noNaN: true }),
    });
    assert(
      property(life, ({ length, jitter }) => {
        const due = dueAt(END, { length, jitter });
        expect(due).toBeLessThanOrEqual(END);
        expect(due).toBeGreaterThan(END - Math.max(1, length));
      }),
    );
  });

  it("leaves the mandatory window of the usual life far behind", () => {
    expect(END - dueAt(END, { length: USUAL_LIFE, jitter: -1 })).toBeGreaterThan(MANDATORY_WINDOW);
  });
});

describe("the life to ask of a token", () => {
  it.each([
    ["what is wished for", 239, 239],
    ["just half a life", 240, 240],
    ["half a life instead of more", 241, 240],
  ])("is %s", (_name, wish, asked) => {
    expect(lifeToAskFor(wish * MINUTE, 480 * MINUTE)).toBe(asked * MINUTE);
  });
});

describe("the jitter of a login's name", () => {
  it("is always the same for a name", () => {
    expect(jitterOf("default")).toBe(jitterOf("default"));
    expect(jitterOf("default")).not.toBe(jitterOf("Default"));
  });

  it("lies in [-1, 1) for every name", () => {
    assert(
      property(string({ unit: "grapheme" }), (name) => {
        expect(jitterOf(name)).toBeGreaterThanOrEqual(-1);
        expect(jitterOf(name)).toBeLessThan(1);
      }),
    );
  });

  it.each([
    ["a number", Array.from({ length: 10 }, (_, n) => `login-${n}`)],
    ["a letter", "abcdefghij".split("")],
  ])("spreads ten names that differ only in %s over most of the range", (_name, names) => {
    const jitters = names.map(jitterOf);
    expect(Math.max(...jitters) - Math.min(...jitters)).toBeGreaterThan(1);
  });

  it("spreads a thousand names over the whole range", () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 1000; n += 1) {
      const at = Math.floor(((jitterOf(`login-${n}`) + 1) / 2) * 10);
      tenths[at] = (tenths[at] ?? 0) + 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(20);
    expect(Math.max(...tenths)).toBeLessThan(250);
  });
});
