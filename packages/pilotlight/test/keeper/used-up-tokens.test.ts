import { describe, expect, it } from "vitest";
import { Bench, dueBench, nameOf, runWith } from "./simulation/bench.ts";
import { textOf } from "./simulation/disk.ts";
import { signIn } from "./simulation/outsiders.ts";

/** What the store held at some time; a backup. */
function backupOf(bench: Bench): string {
  return bench.world.disk.store ?? "";
}

describe("a backup with a spent token, put back while a grant is in flight", () => {
  it("yields to the generation that the grant brings", async () => {
    const bench = await dueBench();
    const backup = backupOf(bench);
    await bench.run();
    await bench.hours(6.5);
    expect(nameOf(await runWith(bench, () => bench.world.disk.put(backup)))).toBe("refreshed");
    expect(bench.isLiving).toBe(true);
    expect(bench.world.disk.archive).toEqual([]);
  });

  it("does not make a doubt forgotten, so the token in doubt is tried once more and no more", async () => {
    const bench = await dueBench("reject_reuse");
    const backup = backupOf(bench);
    await bench.run();
    await bench.hours(6.5);
    bench.world.faults.weather = "lossy";
    await bench.run();
    bench.world.disk.put(backup);
    for (let n = 0; n < 4; n += 1) {
      await bench.hours(2);
      await bench.run();
    }
    expect(bench.count("grant")).toBeLessThanOrEqual(3);
    expect(bench.world.failure).toBeNull();
  });
});

describe("a token that was sent and is in doubt", () => {
  it("is not sent again when a backup brings it back after a sign-in", async () => {
    const bench = await dueBench();
    const backup = backupOf(bench);
    bench.world.faults.weather = "lossy";
    await bench.run();
    signIn(bench.world);
    await bench.run();
    bench.world.faults.weather = "calm";
    bench.world.disk.put(backup);
    await bench.hours(2);
    await bench.run();
    expect(bench.world.failure).toBeNull();
  });

  it("is not what a newer login is repaired with", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "lossy";
    await bench.run();
    signIn(bench.world);
    await bench.run();
    bench.world.faults.weather = "calm";
    bench.world.disk.blank();
    await bench.run();
    expect(bench.world.failure).toBeNull();
  });
});

describe("a token that the server rejected", () => {
  it("is not sent again when the store held another when that was known", async () => {
    const bench = await dueBench();
    const backup = backupOf(bench);
    await bench.run();
    await bench.hours(6.5);
    bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    await runWith(bench, () => bench.world.disk.put(backup));
    await bench.hours(2);
    await bench.run();
    expect(bench.count("grant")).toBe(2);
    expect(bench.world.failure).toBeNull();
  });

  it("is not sent again when a backup brings it back after a later login's refresh", async () => {
    const bench = await dueBench();
    const backup = backupOf(bench);
    bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    await bench.run();
    signIn(bench.world);
    await bench.hours(6.5);
    await bench.run();
    bench.world.disk.put(backup);
    await bench.run();
    expect(bench.world.failure).toBeNull();
    expect(bench.isLiving).toBe(true);
  });
});

describe("the generation that a blanked store is repaired with", () => {
  it("is the newest one seen, also when somebody else brought it", async () => {
    const bench = await dueBench();
    await bench.run();
    signIn(bench.world);
    expect(nameOf(await bench.run())).toBe("unchanged fresh");
    const newest = bench.live;
    bench.world.disk.blank();
    await bench.run();
    expect(bench.isLiving).toBe(true);
    expect(bench.world.disk.record.spent).toContain(newest.refreshToken?.fingerprint);
  });
});

describe("a forced refresh of a token in doubt that was refused", () => {
  it("does not give back the one more try that had been made", async () => {
    const bench = await dueBench("reject_reuse");
    bench.world.faults.weather = "lossy";
    await bench.run();
    await bench.hours(2);
    await bench.run();
    bench.world.faults.weather = "throttled";
    expect(nameOf(await bench.run({ force: true }))).toBe("deferred throttled");
    expect(bench.world.disk.journal).toMatchObject({ step: "in_doubt", retried: true });
  });
});
