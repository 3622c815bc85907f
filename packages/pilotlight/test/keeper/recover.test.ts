import { describe, expect, it } from "vitest";
import { reject } from "../../src/keeper/witness.ts";
import { type Bench, dueBench, nameOf } from "./simulation/bench.ts";
import { textOf } from "./simulation/disk.ts";
import { keeperParts } from "./simulation/keeper-ports.ts";
import { signIn } from "./simulation/outsiders.ts";
import { Process } from "./simulation/process.ts";

const HOUR = 3_600_000;

/** Ends the next keeper right after the named step. */
async function crashAfter(bench: Bench, step: string): Promise<void> {
  let seen = 0;
  bench.world.faults.crashWhen = (_process, what) => what === step && ++seen === 2;
  expect((await bench.run()).kind).toBe("crashed");
  bench.world.faults.crashWhen = () => false;
}

async function rejectPresent(bench: Bench): Promise<boolean> {
  const parts = keeperParts(bench.world, new Process(bench.world, "job"));
  const told = reject(parts, bench.live.accessToken!.fingerprint, "run");
  await bench.until(told);
  return told;
}

describe("what an interrupted run left behind", () => {
  it("is waited for no longer than a grant, even when the clock was set back meanwhile", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "slow";
    await crashAfter(bench, "write journal intent");
    // Its CLI hangs, so that only the keeper's own patience ends the wait.
    const { cli } = bench.world.disk.stage;
    const hung = { id: { pid: 1, startedAt: "0" }, isAlive: true } as unknown as typeof cli;
    bench.world.disk.stage = { document: null, cli: hung };
    bench.world.clock.error = -2 * HOUR;
    const begin = bench.world.timeline.now;
    expect(nameOf(await bench.run())).toBe("in_doubt refresh_running");
    expect(bench.world.timeline.now - begin).toBeLessThan(HOUR / 4);
  });

  it("does not make a life look shorter because it is stored late", async () => {
    const bench = await dueBench();
    await crashAfter(bench, "write journal result");
    await bench.hours(5);
    expect(nameOf(await bench.run())).toMatch(/adopted|refreshed/);
    const { lifeLength } = bench.world.disk.record;
    expect(lifeLength === null || Math.abs(lifeLength - 8 * HOUR) < HOUR / 60).toBe(true);
  });

  it("does not prove a token that the server has rejected since", async () => {
    const bench = await dueBench();
    await crashAfter(bench, "write store");
    await bench.hours(0.1);
    bench.world.authority.revokeAccess(textOf(bench.live.accessToken));
    expect(await rejectPresent(bench)).toBe(true);
    const rejected = bench.live;
    await bench.run();
    expect(bench.holds(rejected)).toBe(false);
  });

  it("is stored before a store that was torn meanwhile is judged", async () => {
    const bench = await dueBench();
    await crashAfter(bench, "write journal result");
    bench.world.disk.put('{"claudeAiOauth":{"acc');
    expect(nameOf(await bench.run())).toBe("adopted");
    expect(bench.isLiving).toBe(true);
  });

  it("is no result when the grant had not begun", async () => {
    const bench = await dueBench();
    await crashAfter(bench, "stage");
    expect(bench.count("grant")).toBe(0);
    expect(nameOf(await bench.run())).toBe("refreshed");
    expect(bench.count("grant")).toBe(1);
  });
});

describe("a look at a file that an old CLI is writing in place", () => {
  it("is taken again under the lock before the file is called corrupt", async () => {
    const bench = await dueBench();
    const whole = bench.world.disk.store ?? "";
    bench.world.disk.store = whole.slice(0, whole.length / 2);
    bench.world.timeline.after(50, () => {
      bench.world.disk.store = whole;
    });
    expect(nameOf(await bench.run())).toBe("refreshed");
  });
});

describe("a consumer's word that an access token was rejected", () => {
  it("makes a refresh due", async () => {
    const bench = await dueBench();
    signIn(bench.world);
    expect(await rejectPresent(bench)).toBe(true);
    expect(nameOf(await bench.run())).toBe("refreshed");
  });

  it("counts also after an earlier login's end", async () => {
    const bench = await dueBench();
    bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    expect(nameOf(await bench.run())).toBe("dead login_ended");
    signIn(bench.world);
    expect(await rejectPresent(bench)).toBe(true);
    expect(nameOf(await bench.run())).toBe("refreshed");
  });

  it("is ignored when the store holds another token by now", async () => {
    const bench = await dueBench();
    const parts = keeperParts(bench.world, new Process(bench.world, "job"));
    const old = bench.live.accessToken!.fingerprint;
    signIn(bench.world);
    const told = reject(parts, old, "run");
    await bench.until(told);
    expect(await told).toBe(false);
    expect(nameOf(await bench.run())).toBe("unchanged fresh");
  });

  it("does not lift the end of a login", async () => {
    const bench = await dueBench();
    bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    await bench.run();
    await rejectPresent(bench);
    expect(nameOf(await bench.run())).toBe("dead login_ended");
  });
});
