import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unwrapped } from "../../src/core/unwrapped.ts";

const LINE =
  "Failed to refresh OAuth token: another Claude Code process is refreshing it or exited mid-refresh.";

describe("lines that a terminal broke", () => {
  it("are one again, whether it broke at words or at its edge", () => {
    expect(unwrapped(LINE.replace("Claude Code ", "Claude Code\n"))).toContain(LINE);
    const edge = `${LINE.slice(0, 40)}\r\n${LINE.slice(40, 80)}\r\n${LINE.slice(80)}`;
    expect(unwrapped(edge)).toContain(LINE);
  });

  it.each([
    ["a single line", LINE],
    ["paragraphs", `${LINE}\n\nThat means:\n- one`],
    ["a list", `${LINE}\n- one\n- two\n- three`],
    ["short lines", "one two\nthree four\nfive six"],
    ["nothing", ""],
  ])("are left as they are where nobody broke them: %s", (_name, text) => {
    expect(unwrapped(text)).toEqual([text]);
  });

  it("never lose a character but the line break", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", " ", "\n") }), (text) => {
        const bare = (one: string) => one.replace(/\s/g, "");
        for (const one of unwrapped(text)) expect(bare(one)).toBe(bare(text));
      }),
    );
  });
});
