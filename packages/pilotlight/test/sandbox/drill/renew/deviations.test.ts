import { describe, expect, it } from "vitest";
import { ACTS, type Facts } from "../../../../src/sandbox/drill/renew/acts.ts";
import { deviations } from "../../../../src/sandbox/drill/renew/deviations.ts";

/** The same facts with one of them changed. */
function changed(facts: Facts, name: keyof Facts): Facts {
  const value = facts[name];
  if (typeof value === "boolean") return { ...facts, [name]: !value };
  if (typeof value === "number") return { ...facts, [name]: value + 1 };
  if (name === "exit") return { ...facts, exit: 0 };
  return { ...facts, [name]: value === "untouched" ? "lost" : "another" };
}

describe("what an act of the renewal drill must end as", () => {
  it("is said of announcements, a renewal and every trouble", () => {
    expect(new Set(ACTS.map(({ part }) => part))).toEqual(new Set(["ahead", "renewal", "trouble"]));
    expect(new Set(ACTS.map(({ what }) => what)).size).toBe(ACTS.length);
  });

  it.each(ACTS)("is held in every fact: $what", ({ ends }) => {
    expect(deviations(ends, ends)).toEqual([]);
    for (const name of Object.keys(ends) as (keyof Facts)[]) {
      const seen = changed(ends, name);
      expect(seen[name]).not.toBe(ends[name]);
      expect(deviations(seen, ends)).toEqual([
        expect.stringContaining(`${String(seen[name])} instead of ${String(ends[name])}`),
      ]);
    }
  });

  it.each(ACTS.filter(({ part }) => part === "trouble"))(
    "leaves a login that can be used: $what",
    ({ ends }) => {
      expect(["untouched", "renewed"]).toContain(ends.login);
      expect(ends.daysLeft).toBe(30);
    },
  );
});
