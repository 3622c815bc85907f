import { describe, expect, it } from "vitest";
import { pairOf } from "../../src/core/credential.ts";
import { Bench, dueBench, nameOf, runWith } from "./simulation/bench.ts";
import { textOf } from "./simulation/disk.ts";
import type { Weather } from "./simulation/faults.ts";
import { signIn } from "./simulation/outsiders.ts";

const HOUR = 3_600_000;

describe("a refresh when all goes well", () => {
  it("leaves a fresh token alone and sends nothing", async () => {
    const bench = new Bench();
    expect(nameOf(await bench.run())).toBe("unchanged fresh");
    expect(bench.count("grant")).toBe(0);
  });

  it("brings a due login a new pair, and leaves no token behind elsewhere", async () => {
    const bench = await dueBench();
    const before = bench.live;
    const ended = await bench.run();
    expect(ended).toMatchObject({ kind: "refreshed", from: pairOf(before) });
    expect(bench.isLiving).toBe(true);
    const { journal, stage, record } = bench.world.disk;
    expect(journal).toBeNull();
    expect(stage).toEqual({ document: null, cli: null });
    expect(record.spent).toEqual([before.refreshToken?.fingerprint]);
    expect(record.generation && bench.holds(record.generation)).toBe(true);
    expect(record.verdict).toMatchObject({ kind: "proved", by: "refresh" });
    expect(Math.abs((record.lifeLength ?? 0) - 8 * HOUR)).toBeLessThan(60_000);
  });

  it("refreshes a fresh token that has less left than was asked for", async () => {
    const bench = new Bench();
    await bench.hours(4.1);
    expect(nameOf(await bench.run({ minTtl: 3.8 * HOUR }))).toBe("unchanged fresh");
    expect(nameOf(await bench.run({ minTtl: 3.95 * HOUR }))).toBe("refreshed");
  });

  it.each([
    ["half the usual life", 3.9, 4.1, null],
    ["half the life that an earlier refresh told", 7.4, 7.6, HOUR],
  ])("takes a token in its first half for good enough: %s", async (_, early, late, lifeLength) => {
    const bench = new Bench();
    const { disk } = bench.world;
    disk.record = { ...disk.record, lifeLength };
    const wish = { minTtl: 12 * HOUR };
    await bench.hours(early);
    expect(nameOf(await bench.run(wish))).toBe("unchanged fresh");
    await bench.hours(late - early);
    expect(nameOf(await bench.run(wish))).toBe("refreshed");
    expect(nameOf(await bench.run(wish))).toBe("unchanged fresh");
  });

  it("refreshes a fresh token when forced", async () => {
    expect(nameOf(await new Bench().run({ force: true }))).toBe("refreshed");
  });

  it("sends one grant for many keepers that come at once", async () => {
    const bench = await dueBench();
    const runs = Array.from({ length: 8 }, () => bench.start());
    await bench.until(Promise.all(runs));
    const names = (await Promise.all(runs)).map(nameOf).toSorted();
    expect(names.filter((name) => name === "adopted")).toHaveLength(7);
    expect(names.filter((name) => name === "refreshed")).toHaveLength(1);
    expect(bench.count("grant")).toBe(1);
  });

  it("sends one grant for two forced keepers that saw the same generation", async () => {
    const bench = new Bench();
    const runs = [bench.start({ force: true }), bench.start({ force: true })];
    await bench.until(Promise.all(runs));
    expect(bench.count("grant")).toBe(1);
  });

  it("does not call the token of a server that does not rotate spent", async () => {
    const bench = await dueBench("not_rotating");
    expect(nameOf(await bench.run())).toBe("refreshed");
    expect(bench.world.disk.record.spent).toEqual([]);
    await bench.hours(6.5);
    expect(nameOf(await bench.run())).toBe("refreshed");
  });
});

describe("a refresh that the server does not carry out", () => {
  it.each<[Weather, string]>([
    ["throttled", "deferred throttled"],
    ["outage", "deferred endpoint_unavailable"],
    ["offline", "deferred network_unavailable"],
  ])("is put off when it is %s, and made later", async (weather, expected) => {
    const bench = await dueBench();
    bench.world.faults.weather = weather;
    const ended = await bench.run();
    expect(nameOf(ended)).toBe(expected);
    expect(bench.world.disk.journal).toBeNull();
    bench.world.faults.weather = "calm";
    expect(nameOf(await bench.run())).toBe("refreshed");
  });

  it("tells until when a throttled one should wait", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "throttled";
    const ended = await bench.run();
    const until = ended.kind === "deferred" ? (ended.until ?? 0) : 0;
    const wait = until - bench.world.clock.now();
    expect(Math.abs(wait - 60_000)).toBeLessThan(10_000);
  });

  it("ends the login on invalid_grant, and sends nothing from then on", async () => {
    const bench = await dueBench();
    bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    expect(nameOf(await bench.run())).toBe("dead login_ended");
    expect(nameOf(await bench.run())).toBe("dead login_ended");
    expect(bench.count("grant")).toBe(1);
    signIn(bench.world);
    expect(nameOf(await bench.run())).toBe("unchanged fresh");
  });

  it("takes over what somebody stored while our grant was rejected", async () => {
    const bench = await dueBench();
    bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    expect(nameOf(await runWith(bench, () => signIn(bench.world)))).toBe("adopted");
    expect(bench.world.disk.record.verdict?.kind).not.toBe("ended");
    expect(bench.world.disk.journal).toBeNull();
  });
});

describe("a refresh whose answer is lost", () => {
  it("is in doubt until the access token has ended, then tried once more and no more", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "lossy";
    expect(nameOf(await bench.run())).toBe("in_doubt in_doubt");
    expect(nameOf(await bench.run())).toBe("in_doubt in_doubt");
    expect(bench.count("grant")).toBe(1);
    await bench.hours(2);
    expect(["in_doubt", "dead"]).toContain((await bench.run()).kind);
    expect(bench.count("grant")).toBe(2);
    await bench.run();
    expect(bench.count("grant")).toBe(2);
  });

  it("is tried once more as soon as the access token was rejected", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "lossy";
    await bench.run();
    const access = bench.live.accessToken!.fingerprint;
    const verdict = { kind: "rejected", access, at: 0, by: "run" } as const;
    bench.world.disk.record = { ...bench.world.disk.record, verdict };
    await bench.run();
    expect(bench.count("grant")).toBe(2);
  });

  it("keeps its one more try when that was surely not carried out", async () => {
    const bench = await dueBench("reject_reuse");
    bench.world.faults.weather = "lossy";
    await bench.run();
    await bench.hours(2);
    bench.world.faults.weather = "throttled";
    expect(nameOf(await bench.run())).toBe("deferred throttled");
    expect(bench.world.disk.journal).toMatchObject({ step: "in_doubt", retried: false });
    await bench.run();
    expect(bench.count("grant")).toBe(3);
  });

  it("is settled by a sign-in", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "lossy";
    await bench.run();
    signIn(bench.world);
    expect(nameOf(await bench.run())).toBe("unchanged fresh");
    expect(bench.world.disk.journal).toBeNull();
  });

  it("goes on behind our back when it is slow, and is taken over later", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "slow";
    const ended = await bench.run();
    if (nameOf(ended) === "refreshed") throw new Error("choose a seed whose answer is slower");
    expect(nameOf(ended)).toBe("in_doubt refresh_running");
    expect(nameOf(await bench.run())).toBe("in_doubt refresh_running");
    await bench.hours(0.2);
    expect(nameOf(await bench.run())).toBe("adopted");
    expect(bench.isLiving).toBe(true);
    expect(bench.count("grant")).toBe(1);
  });
});

describe("a refresh by a build that does not tell how it went", () => {
  it("is tried again after a quarter of an hour, and again, once the access token has ended", async () => {
    const bench = await dueBench("revoke_family", true);
    bench.world.faults.weather = "throttled";
    expect(nameOf(await bench.run())).toBe("in_doubt refresh_unknown");
    await bench.hours(0.5);
    expect(nameOf(await bench.run())).toBe("in_doubt refresh_unknown");
    expect(bench.count("grant")).toBe(1);
    await bench.hours(1.5);
    for (let tries = 2; tries < 5; tries += 1) {
      expect(nameOf(await bench.run())).toBe("in_doubt refresh_unknown");
      expect(nameOf(await bench.run())).toBe("in_doubt refresh_unknown");
      expect(bench.count("grant")).toBe(tries);
      await bench.hours(0.3);
    }
    bench.world.faults.weather = "calm";
    expect(nameOf(await bench.run())).toBe("refreshed");
  });
});
