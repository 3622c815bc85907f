import { describe, expect, it } from "vitest";
import { isSamePair, pairOf } from "../../src/core/credential.ts";
import { healthOf } from "../../src/core/health.ts";
import type { KeepEvent } from "../../src/keeper/keep-parts.ts";
import { Bench, dueBench } from "./simulation/bench.ts";
import { type Keeping, keeping, type LeaseHolder, viewOf } from "./simulation/keeping.ts";
import { signIn } from "./simulation/outsiders.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const left = (bench: Bench) => (bench.live.expiresAt ?? 0) - bench.world.clock.now();
const kinds = (events: readonly KeepEvent[]) => events.map(({ kind }) => kind);
const only = (keeping: Keeping) => {
  const [kept] = keeping.keeper.logins();
  if (kept === undefined) throw new Error("no login is kept");
  return kept;
};
const health = (bench: Bench, keeping: Keeping) => healthOf(only(keeping), bench.world.clock.now());

/** Lets time pass and tells the grants that it took. */
async function pass(bench: Bench, ms: number): Promise<number> {
  const before = bench.count("grant");
  await bench.hours(ms / HOUR);
  return bench.count("grant") - before;
}

async function stop(bench: Bench, { keeper }: Keeping): Promise<void> {
  await bench.until(keeper.stop());
}

describe("the keeping of a login", () => {
  it("renews in the last quarter of the token's life, with the login's jitter, and not before", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    // 2 h before the end, and 10 % of that × 0.3 earlier.
    expect(await pass(bench, 8 * HOUR - 2 * HOUR * 1.03 - MINUTE)).toBe(0);
    expect(health(bench, kept)).toMatchObject({ health: "ok", activity: "idle", trouble: null });
    expect(await pass(bench, 3 * MINUTE)).toBe(1);
    expect(left(bench)).toBeGreaterThan(7.9 * HOUR);
    await stop(bench, kept);
    expect(kinds(kept.events)).toEqual(["met", "attempted", "renewed"]);
    expect(kept.events[2]).toMatchObject({ by: "keeper", isNewLogin: false });
  });

  it("never lets a token come near its end in ten days, and spends no more than it must", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    let least = Infinity;
    for (let at = 0; at < 10 * DAY; at += 10 * MINUTE) {
      await pass(bench, 10 * MINUTE);
      least = Math.min(least, left(bench));
    }
    expect(least).toBeGreaterThan(1.9 * HOUR);
    // A life lasts just under 6 hours until it is renewed.
    expect(bench.count("grant")).toBe(40);
    await stop(bench, kept);
  });

  it("says when it will try next", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    await pass(bench, MINUTE);
    const expiresAt = bench.live.expiresAt ?? 0;
    expect(only(kept).nextAttemptAt).toBeCloseTo(expiresAt - 2 * HOUR * 1.03, -2);
    await stop(bench, kept);
  });

  it("sees what others bring at once where it is told, and within minutes where it is not", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    await pass(bench, MINUTE);
    signIn(bench.world);
    await kept.hint();
    await pass(bench, SECOND);
    expect(only(kept).view?.entry).toMatchObject({
      credential: { expiresAt: bench.live.expiresAt },
    });
    expect(kept.events.at(-1)).toMatchObject({ kind: "renewed", by: "others" });
    signIn(bench.world);
    await pass(bench, 3 * MINUTE);
    expect(kinds(kept.events)).toEqual(["met", "renewed", "renewed"]);
    await stop(bench, kept);
  });

  it("looks although a file is touched again and again", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    await pass(bench, MINUTE);
    signIn(bench.world);
    for (let touched = 0; touched < 50; touched += 1) {
      await kept.hint();
      await pass(bench, 50);
    }
    expect(kinds(kept.events)).toEqual(["met", "renewed"]);
    await stop(bench, kept);
  });

  it("renews at once when a job tells that the server has rejected the token", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    await pass(bench, MINUTE);
    const access = pairOf(bench.live).access;
    if (access === null) throw new Error("no access token");
    const { disk, clock } = bench.world;
    disk.record = {
      ...disk.record,
      verdict: { kind: "rejected", access, by: "run", at: clock.now() },
    };
    await kept.hint();
    expect(await pass(bench, 2 * MINUTE)).toBe(1);
    expect(health(bench, kept).health).toBe("ok");
    await stop(bench, kept);
  });
});

describe("trouble in keeping", () => {
  it("is degraded while the token lives and down once it has ended, and is tried at both marks", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "outage";
    const kept = keeping(bench.world);
    await pass(bench, 5 * MINUTE);
    expect(health(bench, kept)).toMatchObject({
      health: "degraded",
      trouble: { code: "endpoint_unavailable" },
    });
    const early = await pass(bench, left(bench) - 11 * MINUTE);
    // Up to half an hour apart, half of that on average.
    expect(early).toBeLessThan(20);
    expect(await pass(bench, 2 * MINUTE)).toBeGreaterThanOrEqual(1);
    await pass(bench, left(bench) - 30 * SECOND);
    expect(await pass(bench, 2 * MINUTE)).toBeGreaterThanOrEqual(1);
    expect(health(bench, kept).health).toBe("down");
    expect(health(bench, kept).action).toMatchObject({ code: "endpoint_unavailable" });
    bench.world.faults.weather = "calm";
    await pass(bench, 35 * MINUTE);
    expect(health(bench, kept)).toMatchObject({ health: "ok", trouble: null });
    expect(kept.events.at(-1)).toMatchObject({ kind: "recovered", after: "endpoint_unavailable" });
    await stop(bench, kept);
  });

  it("sends a dead login's token once, and wakes by itself when somebody signs in", async () => {
    const bench = await dueBench();
    bench.world.authority.revokeFamily(bench.live.refreshToken?.secret.reveal() ?? "");
    const kept = keeping(bench.world);
    expect(await pass(bench, 3 * DAY)).toBe(1);
    expect(health(bench, kept)).toMatchObject({ health: "down", nextAttemptAt: null });
    expect(health(bench, kept).action).toMatchObject({ code: "login_ended", by: "person" });
    signIn(bench.world);
    await kept.hint();
    await pass(bench, MINUTE);
    expect(health(bench, kept)).toMatchObject({ health: "ok", trouble: null });
    expect(await pass(bench, DAY)).toBe(4);
    await stop(bench, kept);
  });

  it("keeps the latch where even the verdict could not be stored", async () => {
    const bench = await dueBench();
    bench.world.authority.revokeFamily(bench.live.refreshToken?.secret.reveal() ?? "");
    const forgetful = { ...bench.world.disk.record };
    const kept = keeping(bench.world, {
      records: { read: async () => forgetful, write: async () => undefined },
      look: async () => ({ ...viewOf(bench.world), record: forgetful }),
    });
    expect(await pass(bench, DAY)).toBe(1);
    await stop(bench, kept);
  });

  it("waits in doubt until the token has ended, and then tries once more", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "lossy";
    const kept = keeping(bench.world);
    await pass(bench, 10 * MINUTE);
    expect(health(bench, kept)).toMatchObject({ health: "degraded", journal: "in_doubt" });
    bench.world.faults.weather = "calm";
    expect(await pass(bench, left(bench) - MINUTE)).toBe(0);
    expect(await pass(bench, 5 * MINUTE)).toBe(1);
    await stop(bench, kept);
  });

  it("does not spend one token after the other where each is due at birth", async () => {
    const bench = await dueBench();
    const kept = keeping(bench.world, {
      look: async () => {
        const view = viewOf(bench.world);
        if (view.entry.state !== "present") return view;
        const credential = { ...view.entry.credential, expiresAt: 1 };
        return { ...view, entry: { state: "present", credential } };
      },
    });
    const grants = await pass(bench, 6 * HOUR);
    expect(grants).toBeLessThan(30);
    await stop(bench, kept);
  });

  it("with one login does not end the keeping of it: it is seen again as soon as it can be", async () => {
    const bench = new Bench();
    let isBroken = true;
    const kept = keeping(bench.world, {
      look: async () => {
        if (isBroken) throw new Error("EMFILE of a test");
        return viewOf(bench.world);
      },
    });
    await pass(bench, 10 * MINUTE);
    expect(health(bench, kept)).toMatchObject({ health: "starting", trouble: { code: "bug" } });
    isBroken = false;
    await pass(bench, 3 * MINUTE);
    expect(health(bench, kept)).toMatchObject({ health: "ok", trouble: null });
    await stop(bench, kept);
  });
});

describe("time", () => {
  it("that jumps while it sleeps is noticed within a turn, whichever way it went", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    await pass(bench, MINUTE);
    bench.world.clock.error = 7 * HOUR;
    expect(await pass(bench, MINUTE)).toBe(1);
    expect(kept.events.find(({ kind }) => kind === "clock_jumped")).toMatchObject({ ms: 7 * HOUR });
    bench.world.clock.error = 0;
    // The token was dated by the wrong clock; by the right one nothing is due for a long time.
    expect(await pass(bench, HOUR)).toBe(0);
    expect(kinds(kept.events).filter((kind) => kind === "clock_jumped")).toHaveLength(2);
    await stop(bench, kept);
  });

  it("set back by ten days does not stretch a pause", async () => {
    const bench = await dueBench();
    bench.world.faults.weather = "outage";
    const kept = keeping(bench.world);
    await pass(bench, HOUR);
    bench.world.clock.error = -10 * DAY;
    bench.world.faults.weather = "calm";
    await pass(bench, MINUTE);
    bench.world.clock.error = 0;
    await pass(bench, 5 * MINUTE);
    expect(health(bench, kept)).toMatchObject({ health: "ok", trouble: null });
    await stop(bench, kept);
  });

  it("shows whether the loop still turns", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    await pass(bench, HOUR);
    expect(kept.keeper.isTicking()).toBe(true);
    await stop(bench, kept);
    await pass(bench, 2 * MINUTE);
    expect(kept.keeper.isTicking()).toBe(false);
  });
});

describe("the end and the beginning of a keeper", () => {
  it("waits for the grant in flight and stores what it brings", async () => {
    const bench = await dueBench();
    const before = bench.live;
    const kept = keeping(bench.world);
    const started = new Promise<void>((resolve) => {
      bench.world.onGrant = () => resolve();
    });
    await bench.until(started);
    await stop(bench, kept);
    expect(isSamePair(pairOf(bench.live), pairOf(before))).toBe(false);
    expect(bench.world.disk.journal).toBeNull();
    expect(await pass(bench, DAY)).toBe(0);
  });

  it("replays the journal of one that was killed in mid-grant, and sends nothing more", async () => {
    const bench = await dueBench();
    const first = keeping(bench.world);
    const started = new Promise<void>((resolve) => {
      bench.world.onGrant = () => resolve();
    });
    await bench.until(started);
    first.process.crash();
    await pass(bench, 5 * MINUTE);
    const second = keeping(bench.world);
    expect(await pass(bench, 10 * MINUTE)).toBe(0);
    expect(left(bench)).toBeGreaterThan(7 * HOUR);
    expect(bench.world.disk.journal).toBeNull();
    await stop(bench, second);
  });

  it("settles once everything was looked at and tried", async () => {
    const bench = await dueBench();
    const kept = keeping(bench.world);
    await bench.until(kept.keeper.settled());
    expect(bench.count("grant")).toBe(1);
    expect(only(kept).lookedAt).not.toBeNull();
    await stop(bench, kept);
  });
});

describe("two keepers on one login", () => {
  it("one keeps, the other stands by and takes over when the first is gone", async () => {
    const bench = new Bench();
    const holder: LeaseHolder = { process: null };
    const first = keeping(bench.world, {}, { holder });
    await pass(bench, SECOND);
    const second = keeping(bench.world, {}, { holder });
    expect(await pass(bench, DAY)).toBe(4);
    expect(only(second)).toMatchObject({ activity: "standby" });
    expect(health(bench, second).health).toBe("ok");
    expect(kinds(second.events)).toContain("standby");
    first.process.crash();
    await pass(bench, MINUTE);
    expect(only(second).activity).toBe("idle");
    expect(kinds(second.events)).toContain("took_over");
    expect(await pass(bench, DAY)).toBe(4);
    await stop(bench, second);
  });

  it("settles at once for the one that stands by", async () => {
    const bench = await dueBench();
    const holder: LeaseHolder = { process: null };
    const first = keeping(bench.world, {}, { holder });
    await bench.until(first.keeper.settled());
    const second = keeping(bench.world, {}, { holder });
    await bench.until(second.keeper.settled());
    expect(only(second)).toMatchObject({ activity: "standby" });
    expect(only(second).lookedAt).not.toBeNull();
    await stop(bench, second);
    await stop(bench, first);
  });

  it("the first gives the login up when it ends in order", async () => {
    const bench = new Bench();
    const holder: LeaseHolder = { process: null };
    const first = keeping(bench.world, {}, { holder });
    await pass(bench, SECOND);
    const second = keeping(bench.world, {}, { holder });
    await pass(bench, MINUTE);
    await stop(bench, first);
    await pass(bench, 10 * SECOND);
    expect(only(second).activity).toBe("idle");
    await stop(bench, second);
  });
});

describe("asking for a renewal", () => {
  it("is carried out beside the keeping, and tells the outcome", async () => {
    const bench = new Bench();
    const kept = keeping(bench.world);
    await pass(bench, MINUTE);
    const asked = kept.keeper.refresh("default", { force: true });
    await bench.until(asked);
    expect((await asked).kind).toBe("refreshed");
    await expect(kept.keeper.refresh("nobody", { force: true })).rejects.toThrow(/no login named/);
    await stop(bench, kept);
  });

  it("is refused where nothing can be renewed, and is no trouble of the login", async () => {
    const bench = new Bench();
    const view = () => ({ ...viewOf(bench.world), isKept: false, source }) as const;
    const source = "CLAUDE_CODE_OAUTH_TOKEN";
    const kept = keeping(bench.world, { look: async () => view() });
    await pass(bench, MINUTE);
    await expect(kept.keeper.refresh("default", { force: true })).rejects.toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
    await pass(bench, HOUR);
    expect(health(bench, kept)).toMatchObject({ health: "ok", trouble: null, activity: "idle" });
    expect([bench.count("grant"), kinds(kept.events)]).toEqual([0, ["met"]]);
    await stop(bench, kept);
  });

  it("is not needed to be told of chores: they run at once and then every so often", async () => {
    const bench = new Bench();
    let runs = 0;
    const chore = {
      every: 10 * MINUTE,
      run: async () => {
        runs += 1;
        throw new Error("a chore's own trouble");
      },
    };
    const kept = keeping(bench.world, {}, { chores: [chore] });
    await pass(bench, 65 * MINUTE);
    expect(runs).toBe(7);
    await stop(bench, kept);
  });
});
