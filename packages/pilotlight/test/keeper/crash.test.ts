import { describe, expect, it } from "vitest";
import { Bench } from "./simulation/bench.ts";
import { textOf } from "./simulation/disk.ts";
import type { Weather } from "./simulation/faults.ts";
import type { Policy } from "./simulation/authority.ts";

interface Scene {
  readonly policy?: Policy;
  readonly weather?: Weather;
  readonly arrange?: (bench: Bench) => void | Promise<void>;
}

/** Builds the same scene, and ends the next keeper at its `moment`-th chance. @returns whether it got that far. */
async function crashAt(
  scene: Scene,
  moment: number,
): Promise<{ bench: Bench; isCrashed: boolean }> {
  const bench = new Bench(scene.policy);
  await bench.hours(6.5);
  await scene.arrange?.(bench);
  bench.world.faults.weather = scene.weather ?? "calm";
  let moments = 0;
  bench.world.faults.crashWhen = () => ++moments === moment;
  const ended = await bench.run();
  bench.world.faults.crashWhen = () => false;
  // The grant of the crashed keeper lives on, and its locks go stale.
  await bench.hours(0.1);
  bench.world.faults.weather = "calm";
  return { bench, isCrashed: ended.kind === "crashed" };
}

/** Runs `check` for a crash between any two port calls. */
async function everywhere(scene: Scene, check: (bench: Bench) => Promise<void>): Promise<void> {
  for (let moment = 1; ; moment += 1) {
    const { bench, isCrashed } = await crashAt(scene, moment);
    if (!isCrashed) {
      expect(moment).toBeGreaterThan(30);
      return;
    }
    try {
      await check(bench);
      expect(bench.world.failure).toBeNull();
    } catch (error) {
      throw new Error(`after a crash at moment ${moment}: ${String(error)}`, { cause: error });
    }
  }
}

describe("a crash between any two steps of a refresh", () => {
  it("costs neither the login nor a second grant", async () => {
    await everywhere({}, async (bench) => {
      const ended = await bench.run();
      expect(["refreshed", "adopted", "unchanged"]).toContain(ended.kind);
      expect(bench.isLiving).toBe(true);
      expect(bench.count("grant")).toBe(1);
      expect(bench.world.disk.stage.document).toBeNull();
      expect(bench.world.disk.journal).toBeNull();
    });
  });

  it("costs no login of a server that does not rotate", async () => {
    await everywhere({ policy: "not_rotating" }, async (bench) => {
      await bench.run();
      expect(bench.isLiving).toBe(true);
      expect(bench.count("grant")).toBe(1);
    });
  });

  it("costs neither the login nor a second grant when the answer is slow", async () => {
    await everywhere({ weather: "slow" }, async (bench) => {
      await bench.hours(0.2);
      await bench.run();
      expect(bench.isLiving).toBe(true);
      expect(bench.count("grant")).toBe(1);
    });
  });

  it("does not hide that the login has ended", async () => {
    const arrange = (bench: Bench) =>
      bench.world.authority.revokeFamily(textOf(bench.live.refreshToken));
    await everywhere({ arrange }, async (bench) => {
      const ended = await bench.run();
      expect(ended).toMatchObject({ kind: "dead", code: "login_ended" });
      expect(bench.count("grant")).toBe(1);
    });
  });

  it("leaves a refused grant refusable: nothing was spent, so it lives again", async () => {
    await everywhere({ weather: "throttled" }, async (bench) => {
      await bench.hours(3);
      await bench.run();
      expect(bench.isLiving).toBe(true);
      expect(bench.count("grant")).toBeLessThanOrEqual(2);
    });
  });

  it("sends a lost token once more at the most", async () => {
    await everywhere({ weather: "lossy", policy: "reject_reuse" }, async (bench) => {
      await bench.hours(3);
      await bench.run();
      await bench.run();
      expect(bench.count("grant")).toBeLessThanOrEqual(2);
    });
  });
});

describe("a crash between any two steps of a repair", () => {
  it("costs neither the login nor a second grant", async () => {
    const arrange = async (bench: Bench) => {
      await bench.run();
      bench.world.disk.blank();
    };
    await everywhere({ arrange }, async (bench) => {
      await bench.run();
      expect(bench.isLiving).toBe(true);
      expect(bench.count("grant")).toBeLessThanOrEqual(2);
    });
  });
});
