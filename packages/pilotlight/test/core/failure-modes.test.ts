import { describe, expect, it } from "vitest";
import { DOCTOR_CHECKS } from "../../src/cli/doctor/doctor-checks.ts";
import { ONLINE_CHECKS } from "../../src/cli/doctor/online/online-checks.ts";
import { FAILURE_MODES } from "../../src/core/failure-modes.ts";
import { VERDICT_TABLE } from "../../src/core/verdict-table.ts";

const CITING = [...VERDICT_TABLE, ...DOCTOR_CHECKS, ...ONLINE_CHECKS];

describe("the catalogue of failure modes", () => {
  it("goes from FM-01 to FM-65 without a gap", () => {
    const numbers = Array.from({ length: 65 }, (_, index) => String(index + 1).padStart(2, "0"));
    expect(FAILURE_MODES.map(({ fm }) => fm)).toEqual(numbers.map((number) => `FM-${number}`));
    expect(new Set(FAILURE_MODES.map(({ title }) => title)).size).toBe(65);
  });

  it.each(FAILURE_MODES)("$fm has a verdict or a check: $title", ({ fm }) => {
    expect(CITING.filter((one) => one.fm.includes(fm)).map(({ id }) => id)).not.toEqual([]);
  });

  it.each(CITING)("$id cites none but its numbers", ({ fm }) => {
    const known = FAILURE_MODES.map((mode) => mode.fm);
    expect(fm.filter((one) => !known.includes(one))).toEqual([]);
    expect(new Set(fm).size).toBe(fm.length);
  });
});
