import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TRAITS } from "../../../src/core/errors.ts";
import { FAULTS } from "../../../src/sandbox/fault.ts";
import {
  type Moment,
  NIGHT,
  SHORT_NIGHT,
  withFewerJobs,
} from "../../../src/sandbox/drill/night.ts";

/** ms that a fault of the token endpoint may take: a night has about a minute. */
const PATIENCE = 5_000;

describe.each([
  ["the night", NIGHT],
  ["the short night", SHORT_NIGHT],
])("%s", (_name, night: readonly Moment[]) => {
  it("begins with a sign-in, goes forward, and has a job in each of its hours", () => {
    const hours = night.map(({ hour }) => hour);
    expect(hours[0]).toBe(0);
    expect(hours).toEqual([...new Set(hours)].toSorted((one, other) => one - other));
    expect(night.filter(({ jobs }) => jobs < 1)).toEqual([]);
  });

  it("starts five jobs at once on a token that has ended", () => {
    expect(night.find(({ jobs }) => jobs === 5)?.what).toBe("the token has ended");
  });

  it("kills a keeper and a job in mid-refresh, and lets jobs follow at once", () => {
    const kills = night.filter(({ kills: victim }) => victim !== undefined);
    expect(kills.map(({ kills: victim }) => victim)).toEqual(["keeper", "job"]);
    // Rotated before the kill, or nothing could be lost.
    expect(kills.map(({ fault }) => [fault?.name, fault?.rotateAt])).toEqual([
      ["token-slow", "start"],
      ["token-slow", "start"],
    ]);
  });

  it("says why where no job can succeed, with an exit code that is documented", () => {
    const refused = night.flatMap((moment) => moment.refused ?? []);
    expect(refused.length).toBeGreaterThan(0);
    const documented = Object.values(TRAITS).map(({ exit }) => exit as number);
    for (const { exit, why } of refused) {
      expect(documented).toContain(exit);
      expect(why).not.toBe("");
    }
  });

  it("ends with a job that can succeed, so that nothing before it may last", () => {
    const { refused, fault, disk } = night.findLast((moment) => !moment.refused) ?? {};
    expect([refused, fault, disk]).toEqual([undefined, undefined, undefined]);
  });
});

describe("the whole night", () => {
  it("holds every trouble it is meant to rehearse", () => {
    const faults = NIGHT.flatMap(({ fault }) => fault?.name ?? []);
    expect(new Set(faults)).toEqual(
      new Set(["token-429", "token-403-html", "token-reset", "token-slow"]),
    );
    expect(faults.filter((name) => !(name in FAULTS))).toEqual([]);
    expect(NIGHT.some(({ isRevoked }) => isRevoked)).toBe(true);
    expect(NIGHT.some(({ isLocked }) => isLocked)).toBe(true);
    expect(new Set(NIGHT.flatMap(({ disk }) => disk ?? []))).toEqual(
      new Set(["full", "read-only"]),
    );
  });

  it("has each outage once where Pilotlight renews and once where Claude Code does, and an end to it", () => {
    for (const name of ["token-429", "token-403-html", "token-reset"]) {
      const at = NIGHT.flatMap(({ fault }, index) => (fault?.name === name ? index : []));
      expect(at, name).toHaveLength(2);
      for (const index of at) expect(NIGHT[index + 1]?.fault, name).toBeUndefined();
    }
  });

  it("is as long, and has as many jobs, as docs/drill.md says", () => {
    const docs = new URL("../../../../../docs/drill.md", import.meta.url);
    const jobs = NIGHT.reduce((sum, moment) => sum + moment.jobs, 0);
    expect(readFileSync(docs, "utf8")).toContain(`${NIGHT.at(-1)?.hour} hours, ${jobs} jobs`);
  });

  it("asks for no patience of more than some seconds", () => {
    const faults = NIGHT.flatMap(({ fault }) => fault ?? []);
    for (const { retryAfter = 0, delayMs = 0 } of faults) {
      expect(retryAfter * 1000).toBeLessThanOrEqual(PATIENCE);
      expect(delayMs).toBeLessThanOrEqual(PATIENCE);
    }
  });

  it("has fewer jobs at once where they take long to start, and no fewer hours", () => {
    const fewer = withFewerJobs(NIGHT, 2);
    expect(fewer).toHaveLength(NIGHT.length);
    expect(Math.max(...fewer.map(({ jobs }) => jobs))).toBe(2);
    expect(Math.min(...fewer.map(({ jobs }) => jobs))).toBe(1);
  });
});
