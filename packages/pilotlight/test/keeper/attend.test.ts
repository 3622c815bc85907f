import { describe, expect, it } from "vitest";
import { type Credential, isSamePair, pairOf } from "../../src/core/credential.ts";
import { attend, type Attendant } from "../../src/keeper/attend.ts";
import { Bench } from "./simulation/bench.ts";
import { keeperParts } from "./simulation/keeper-ports.ts";
import { signIn } from "./simulation/outsiders.ts";
import { Process } from "./simulation/process.ts";
import { stoppable } from "./simulation/keeping.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MANDATORY = 10 * MINUTE;

/** A bench with somebody in attendance, and what he tells. */
function attended(bench: Bench, mayRefresh = true) {
  const shown: Credential[] = [];
  const keeper = new Process(bench.world, "keeper", false);
  const parts = keeperParts(bench.world, keeper);
  const attendant = attend({ ...parts, clock: stoppable(bench.world) }, bench.live, {
    mayRefresh,
    onGeneration: async (credential) => void shown.push(credential),
  });
  return { attendant, shown };
}

async function pass(bench: Bench, ms: number): Promise<void> {
  await bench.hours(ms / HOUR);
}

async function leave(bench: Bench, attendant: Attendant): Promise<void> {
  await bench.until(attendant.leave());
}

function left(bench: Bench): number {
  return (bench.live.expiresAt ?? 0) - bench.world.clock.now();
}

describe("attendance on a living job", () => {
  it("refreshes when 10 minutes are left, and not before", async () => {
    const bench = new Bench();
    const before = bench.live;
    const { attendant, shown } = attended(bench);
    await pass(bench, left(bench) - MANDATORY - 5 * SECOND);
    expect(bench.count("grant")).toBe(0);
    await pass(bench, 2 * MINUTE);
    expect(bench.count("grant")).toBe(1);
    expect(isSamePair(pairOf(bench.live), pairOf(before))).toBe(false);
    expect(shown.map(pairOf)).toEqual([pairOf(bench.live)]);
    await leave(bench, attendant);
  });

  it("never lets a job see less than 8 minutes over three lives of a token", async () => {
    const bench = new Bench();
    const { attendant, shown } = attended(bench);
    let least = Infinity;
    for (let minute = 0; minute < 24.5 * 60; minute += 1) {
      await pass(bench, MINUTE);
      least = Math.min(least, left(bench));
    }
    expect(least).toBeGreaterThan(8 * MINUTE);
    expect(bench.count("grant")).toBe(3);
    expect(shown).toHaveLength(3);
    expect(bench.isLiving).toBe(true);
    await leave(bench, attendant);
  });

  it("passes on what somebody else brought within seconds, and sends nothing", async () => {
    const bench = new Bench();
    const { attendant, shown } = attended(bench);
    await pass(bench, MINUTE);
    signIn(bench.world);
    await pass(bench, 5 * SECOND);
    expect(shown.map(pairOf)).toEqual([pairOf(bench.live)]);
    await pass(bench, HOUR);
    expect(shown).toHaveLength(1);
    expect(bench.count("grant")).toBe(0);
    await leave(bench, attendant);
  });

  it("spends nothing where it may not refresh, and still passes on what comes", async () => {
    const bench = new Bench();
    const { attendant, shown } = attended(bench, false);
    await pass(bench, 9 * HOUR);
    expect(bench.count("grant")).toBe(0);
    signIn(bench.world);
    await pass(bench, 5 * SECOND);
    expect(shown).toHaveLength(1);
    await leave(bench, attendant);
  });

  it("refreshes a token that the server has rejected although its date is far", async () => {
    const bench = new Bench();
    const { attendant } = attended(bench);
    const access = pairOf(bench.live).access;
    if (access === null) throw new Error("the login has no access token");
    const at = bench.world.clock.now();
    const { record } = bench.world.disk;
    const verdict = { kind: "rejected", access, by: "run", at } as const;
    bench.world.disk.record = { ...record, verdict };
    await pass(bench, 2 * MINUTE);
    expect(bench.count("grant")).toBe(1);
    await leave(bench, attendant);
  });

  it("goes on after a refresh that brought nothing, with a pause of half a minute", async () => {
    const bench = new Bench();
    const { attendant } = attended(bench);
    bench.world.faults.weather = "offline";
    await pass(bench, left(bench) - MANDATORY + 4 * MINUTE);
    const tries = bench.count("grant");
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(10);
    bench.world.faults.weather = "calm";
    await pass(bench, 2 * MINUTE);
    expect(bench.isLiving).toBe(true);
    expect(left(bench)).toBeGreaterThan(7 * HOUR);
    await leave(bench, attendant);
  });

  it("passes on a sign-in within seconds, and looks no more when it has left", async () => {
    const bench = new Bench();
    const { attendant, shown } = attended(bench);
    await pass(bench, 10 * SECOND);
    signIn(bench.world);
    await pass(bench, 5 * SECOND);
    expect(shown).toHaveLength(1);
    await leave(bench, attendant);
    signIn(bench.world);
    await pass(bench, 9 * HOUR);
    expect(shown).toHaveLength(1);
    expect(bench.count("grant")).toBe(0);
  });

  it("leaves only when the refresh in flight is over", async () => {
    const bench = new Bench();
    const { attendant } = attended(bench);
    const leaving = new Promise<void>((resolve) => {
      bench.world.onGrant = () => void attendant.leave().then(resolve);
    });
    await pass(bench, left(bench) - MANDATORY - MINUTE);
    await bench.until(leaving);
    expect(bench.isLiving).toBe(true);
    expect(left(bench)).toBeGreaterThan(7 * HOUR);
    expect(bench.world.disk.journal).toBeNull();
  });
});
