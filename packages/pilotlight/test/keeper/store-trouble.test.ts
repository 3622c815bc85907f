import { describe, expect, it } from "vitest";
import { Bench, dueBench, nameOf, runWith } from "./simulation/bench.ts";
import { textOf } from "./simulation/disk.ts";
import { tryLock } from "./simulation/locks.ts";
import { mischief, signIn } from "./simulation/outsiders.ts";
import { Process } from "./simulation/process.ts";

describe("a refresh where somebody else is at the store", () => {
  it("lets a logout win", async () => {
    const bench = await dueBench();
    const ended = await runWith(bench, () => bench.world.disk.put(null));
    expect(nameOf(ended)).toBe("unchanged logged_out");
    expect(bench.world.disk.store).toBeNull();
    expect(bench.world.disk.archive).toHaveLength(1);
  });

  it("lets a sign-in win, and keeps its own generation in the archive", async () => {
    const bench = await dueBench();
    expect(nameOf(await runWith(bench, () => signIn(bench.world)))).toBe("adopted");
    expect(bench.world.disk.archive).toHaveLength(1);
    expect(bench.isLiving).toBe(true);
  });

  it.each<[string, (bench: Bench) => void]>([
    ["blanked", (bench) => bench.world.disk.blank()],
    ["torn", (bench) => bench.world.disk.put('{"claudeAiOauth":{"acc')],
  ])("writes its generation over a store that was %s", async (_name, harm) => {
    const bench = await dueBench();
    expect(nameOf(await runWith(bench, () => harm(bench)))).toBe("refreshed");
    expect(bench.isLiving).toBe(true);
  });

  it("gives up on a lock that somebody else holds on to", async () => {
    const bench = await dueBench();
    const other = bench.world;
    tryLock(other.disk, "parent", new Process(other, "other"), 0);
    expect(nameOf(await bench.run())).toBe("deferred lock_busy");
    expect(bench.count("grant")).toBe(0);
    expect(other.disk.locks.size).toBe(1);
  });
});

describe("a blanked store", () => {
  it("is repaired from a generation that was never spent", async () => {
    const bench = await dueBench();
    await bench.run();
    bench.world.disk.blank();
    expect(nameOf(await bench.run())).toBe("refreshed");
    expect(bench.count("restored")).toBe(1);
    expect(bench.isLiving).toBe(true);
  });

  it("is left to a person when no generation is known", async () => {
    const bench = new Bench();
    bench.world.disk.blank();
    expect(nameOf(await bench.run())).toBe("dead login_blanked");
    expect(bench.count("grant")).toBe(0);
  });

  it("is left to a person when the last generation was rejected", async () => {
    const bench = await dueBench();
    bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    await bench.run();
    bench.world.disk.blank();
    expect(nameOf(await bench.run())).toMatch(/^dead/);
    expect(bench.count("grant")).toBe(1);
  });
});

describe("a store with a spent token in it", () => {
  it("is repaired from the last generation, and the spent token is not sent", async () => {
    const bench = await dueBench();
    const old = bench.world.disk.store;
    await bench.run();
    bench.world.disk.put(old);
    await bench.hours(2);
    expect(nameOf(await bench.run())).toBe("refreshed");
    expect(bench.isLiving).toBe(true);
  });

  it("is left to a person when the last generation is of no use either", async () => {
    const bench = await dueBench();
    const old = bench.world.disk.store;
    await bench.run();
    bench.world.disk.put(old);
    bench.world.disk.record = { ...bench.world.disk.record, generation: null };
    await bench.hours(2);
    expect(nameOf(await bench.run())).toBe("dead refresh_token_spent");
    expect(bench.count("grant")).toBe(1);
  });
});

describe("what cannot be refreshed at all", () => {
  it("throws no_credential when the store holds none", async () => {
    const bench = new Bench();
    bench.world.disk.put(null);
    expect(nameOf(await bench.run())).toBe("threw no_credential");
  });

  it("throws credential_corrupt when the store is torn for good, and does not touch it", async () => {
    const bench = new Bench();
    bench.world.disk.put('{"claudeAiOauth":{"acc');
    expect(nameOf(await bench.run())).toBe("threw credential_corrupt");
    expect(bench.world.disk.store).toBe('{"claudeAiOauth":{"acc');
  });

  it("is dead when it is due and has no refresh token", async () => {
    const bench = await dueBench();
    const text = JSON.stringify({
      claudeAiOauth: { accessToken: "sk-ant-oat01-TEST", expiresAt: 1 },
    });
    bench.world.disk.put(text);
    expect(nameOf(await bench.run())).toBe("dead not_refreshable");
  });
});

describe("a place that cannot keep the result", () => {
  it.each(["isStoreWritable", "isJournalWritable", "isStageWritable"] as const)(
    "stops before spending: %s",
    async (place) => {
      const bench = await dueBench();
      bench.world.disk[place] = false;
      expect(nameOf(await bench.run())).toBe("threw cannot_persist");
      expect(bench.count("grant")).toBe(0);
      bench.world.disk[place] = true;
      expect(nameOf(await bench.run())).toBe("refreshed");
    },
  );

  it.each(["store", "journal"] as const)(
    "costs nothing when only the %s turns out to be full afterwards",
    async (kind) => {
      const bench = await dueBench();
      await runWith(bench, () => {
        bench.world.faults.failNext = kind;
      });
      await bench.run();
      expect(bench.isLiving).toBe(true);
      expect(bench.world.disk.journal).toBeNull();
      expect(bench.count("grant")).toBe(1);
    },
  );
});

describe("mischief during a grant", () => {
  it("breaks no promise that the witness watches", async () => {
    for (const what of ["sign-in", "logout", "blanking", "family revoked"] as const) {
      const bench = await dueBench();
      await runWith(bench, () => mischief(bench.world, what));
      expect(bench.world.failure).toBeNull();
    }
  });
});
