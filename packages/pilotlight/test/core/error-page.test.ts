import { describe, expect, it } from "vitest";
import { errorPage, prospectOf } from "../../src/core/error-page.ts";
import { type ErrorCode, TRAITS } from "../../src/core/errors.ts";
import { VERDICT_TABLE } from "../../src/core/verdict-table.ts";

const CODES = Object.keys(TRAITS) as ErrorCode[];

describe("the page on an error code", () => {
  it.each(CODES)("tells why it comes about and how to be sure of it: %s", (code) => {
    const { why, tell } = errorPage(code);
    for (const text of [why, tell]) expect(text).toMatch(/^([A-Z`]|https:).{20,}\.$/);
  });

  it("lists every verdict that leads to the code", () => {
    const shown = CODES.flatMap((code) => errorPage(code).verdicts);
    const own = VERDICT_TABLE.filter(({ code }) => Object.hasOwn(TRAITS, code));
    expect(new Set(shown)).toEqual(new Set(own));
  });

  it("says what to expect", () => {
    expect(prospectOf(true, "wait")).toBe("it can pass by itself");
    expect(prospectOf(false, "person")).toBe("a person must act");
    expect(prospectOf(false, "admin")).toBe("an administrator must act");
    expect(prospectOf(false, "pilotlight")).toBe("Pilotlight mends it");
    expect(prospectOf(false, "nobody")).toBe("there is nothing to do");
  });
});
