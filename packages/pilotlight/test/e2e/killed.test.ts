import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { ClaudeBuild } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import { expectLivingPair, expectSettled, reportOf, until } from "./support/expectations.ts";
import { holdWriteLock } from "./support/held-lock.ts";
import * as moments from "./support/moments.ts";
import { processesUnder } from "./support/processes.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];

/** Too short for an orphaned lock to grow old: only its owner's known death lets the next run in. */
const IMPATIENT = { PILOTLIGHT_LOCK_WAIT: "45s" };

async function expiredScene(build: ClaudeBuild, delayMs: number): Promise<Scene> {
  const scene = await openScene({ build, env: IMPATIENT });
  scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
  scene.sandbox.fault({ name: "token-slow", delayMs, rotateAt: "start" });
  return scene;
}

/** Runs again after a kill: exactly one grant was made, by whoever it was, and the store holds what it brought. */
async function expectRepaired(scene: Scene, outcomes: readonly string[]): Promise<void> {
  const finished = await scene.run(REFRESH);
  expect([finished.code, finished.stderr]).toEqual([0, ""]);
  expect(outcomes).toContain(reportOf(finished).outcome);
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  expectLivingPair(scene);
  expectSettled(scene);
}

/** Name of the point, the moment, ms after it, and what the next run may come to. */
const POINTS: readonly (readonly [string, moments.Moment, number, readonly string[]])[] = [
  ["before it took the lock", () => true, 100, ["refreshed"]],
  ["once it held the lock", moments.isLocked, 0, ["refreshed"]],
  ["once the intent was written", moments.isIntended, 0, ["refreshed", "adopted"]],
  ["once the CLI was on record", moments.isSpawned, 0, ["adopted"]],
  ["while the CLI was starting", moments.isSpawned, 150, ["adopted"]],
  ["once the request was at the server", moments.isSent, 0, ["adopted"]],
  ["while the server was answering", moments.isSent, 1_000, ["adopted"]],
  ["about when the server answered", moments.isSent, 2_480, ["adopted", "unchanged"]],
];

describe("a refresh whose process was killed", () => {
  for (const [when, moment, later, outcomes] of POINTS) {
    claudeTest("2.1.329", `${when} loses nothing`, async (build) => {
      const scene = await expiredScene(build, 2_500);
      const { signal } = await moments.killAt(scene.start(REFRESH), scene, moment, later);
      if (!outcomes.includes("unchanged")) expect(signal).toBe("SIGKILL");
      await expectRepaired(scene, outcomes);
    });
  }

  claudeTest("2.1.329", "right after the CLI stored in its stage loses nothing", async (build) => {
    const scene = await expiredScene(build, 500);
    // Whatever is quicker: the sight of the staged file, or the end of the commit.
    await moments.killAt(scene.start(REFRESH), scene, moments.isStaged);
    await expectRepaired(scene, ["adopted", "unchanged"]);
  });

  claudeTest("2.1.329", "during its commit loses nothing", async (build) => {
    const scene = await expiredScene(build, 500);
    const lock = holdWriteLock(scene);
    const { signal } = await moments.killAt(scene.start(REFRESH), scene, moments.isResult, 200);
    expect(signal).toBe("SIGKILL");
    expect(moments.isCommitted(scene)).toBe(false);
    lock.release();
    await expectRepaired(scene, ["adopted"]);
  });

  claudeTest("2.1.329", "right after its commit loses nothing", async (build) => {
    const scene = await expiredScene(build, 500);
    await moments.killAt(scene.start(REFRESH), scene, moments.isCommitted);
    await expectRepaired(scene, ["adopted", "unchanged"]);
  });

  for (const version of ["2.1.216", "2.1.104"] as const) {
    claudeTest(version, "while the server was answering loses nothing", async (build) => {
      const scene = await expiredScene(build, 1_500);
      await moments.killAt(scene.start(REFRESH), scene, moments.isSent, 300);
      await expectRepaired(scene, ["adopted"]);
    });
  }
});

describe("a CLI that outlives the refresh that started it", () => {
  for (const version of ["2.1.329", "2.1.104"] as const) {
    claudeTest(
      version,
      "is waited for by the next run, which adopts what it stores",
      async (build) => {
        const scene = await expiredScene(build, 6_000);
        await moments.killAt(scene.start(REFRESH), scene, moments.isSent);
        expect(processesUnder(scene.stage)).not.toEqual([]);
        await expectRepaired(scene, ["adopted"]);
      },
    );
  }

  claudeTest("2.1.329", "is waited for by ten runs at once", async (build) => {
    const scene = await expiredScene(build, 4_000);
    await moments.killAt(scene.start(REFRESH), scene, moments.isSent);
    const ends = await Promise.all(Array.from({ length: 10 }, () => scene.run(REFRESH)));
    expect(ends.map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    expectLivingPair(scene);
    expectSettled(scene);
  });
});

describe("a refresh that is asked to stop in mid-grant", () => {
  for (const [name, how] of [
    ["Ctrl-C, which reaches the whole process group", "SIGINT"],
    ["a TERM to the process group", "SIGTERM"],
  ] as const) {
    claudeTest("2.1.329", `stores what it gets before it ends by ${name}`, async (build) => {
      const scene = await expiredScene(build, 3_000);
      const ended = await interrupted(scene, how, 1);
      expect([ended.signal, reportOf(ended).outcome]).toEqual([how, "refreshed"]);
      expect(ended.stderr).toMatch(/^pilotlight: SIG\w+ waits for the refresh under way[^\n]*\n$/);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expectLivingPair(scene);
      expectSettled(scene);
    });

    claudeTest("2.1.329", `ends at once the second time by ${name}`, async (build) => {
      const scene = await expiredScene(build, 3_000);
      const ended = await interrupted(scene, how, 2);
      expect([ended.signal, ended.stdout]).toEqual([how, ""]);
      expect(processesUnder(scene.stage)).not.toEqual([]);
      await expectRepaired(scene, ["adopted"]);
    });
  }

  claudeTest("2.1.329", "starts no job after that", async (build) => {
    const scene = await expiredScene(build, 1_500);
    const ran = join(scene.home.home, "ran");
    const ended = await interrupted(scene, "SIGTERM", 1, ["run", "--", "touch", ran]);
    expect([ended.signal, existsSync(ran)]).toEqual(["SIGTERM", false]);
    expectLivingPair(scene);
    expectSettled(scene);
  });
});

/** A command whose process group gets a signal, so and so often, while the server has its request. */
async function interrupted(
  scene: Scene,
  how: NodeJS.Signals,
  times: number,
  command: readonly string[] = REFRESH,
) {
  const running = scene.start(command);
  await until("the request", () => moments.isSent(scene));
  for (let time = 0; time < times; time += 1) {
    await pause(300);
    running.signalGroup(how);
  }
  return running.finished;
}
