import { describe, expect } from "vitest";
import type { ClaudeBuild } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import { runClaude } from "../support/run-claude.ts";
import { endOf, expectLivingPair, expectSettled, grantInFlight } from "./support/expectations.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];
const SAY_HELLO = ["-p", "say hello", "--output-format", "json"];

/** ms that the token endpoint takes, so that the second comer surely finds the first at it. */
const SLOW = 3_000;

async function expiredScene(build: ClaudeBuild, delayMs: number): Promise<Scene> {
  const scene = await openScene({ build });
  scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
  scene.sandbox.fault({ name: "token-slow", delayMs, rotateAt: "start" });
  return scene;
}

/** A job of the user's own CLI on the live directory. */
async function job(scene: Scene, build: ClaudeBuild): Promise<readonly [number | null, string]> {
  const { code, stdout } = await runClaude(build, SAY_HELLO, {
    cwd: scene.home.home,
    env: { ...scene.home.env, ...scene.sandbox.env() },
  });
  return [code, (JSON.parse(stdout) as { result: string }).result];
}

const ANSWERED = [0, "Hello from the sandbox."] as const;

async function jobFirst(build: ClaudeBuild, delayMs: number): Promise<void> {
  const scene = await expiredScene(build, delayMs);
  const working = job(scene, build);
  await grantInFlight(scene);
  const ours = scene.run(REFRESH);
  expect(await working).toEqual(ANSWERED);
  // On a slow machine the job has stored before ours has even looked.
  const [code, outcome] = endOf(await ours);
  expect([code, ["adopted", "unchanged"].includes(outcome)]).toEqual([0, true]);
  expectOneGrant(scene);
}

async function jobSecond(build: ClaudeBuild, delayMs: number): Promise<void> {
  const scene = await expiredScene(build, delayMs);
  const ours = scene.run(REFRESH);
  await grantInFlight(scene);
  const working = job(scene, build);
  expect(endOf(await ours)).toEqual([0, "refreshed", null]);
  expect(await working).toEqual(ANSWERED);
  expectOneGrant(scene);
}

function expectOneGrant(scene: Scene): void {
  expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  expectLivingPair(scene);
  expectSettled(scene);
}

/** Rounds share the machine's two cores; most of each is waiting for the endpoint. */
async function inPairs(rounds: number, round: () => Promise<void>): Promise<void> {
  for (let left = rounds; left > 0; left -= 2) {
    await Promise.all(left > 1 ? [round(), round()] : [round()]);
  }
}

describe("a job of the CLI and pilotlight refresh, both after one expired token", () => {
  claudeTest(
    "2.1.329",
    "make one grant and both succeed, ten times with the job first",
    (build) => inPairs(10, () => jobFirst(build, SLOW)),
    120_000,
  );

  claudeTest(
    "2.1.329",
    "make one grant and both succeed, ten times with the job second",
    (build) => inPairs(10, () => jobSecond(build, SLOW)),
    120_000,
  );

  claudeTest("2.1.216", "make one grant and both succeed, twice with the job first", (build) =>
    inPairs(2, () => jobFirst(build, SLOW)),
  );

  claudeTest("2.1.216", "make one grant and both succeed, twice with the job second", (build) =>
    inPairs(2, () => jobSecond(build, SLOW)),
  );

  // It knows only the lock in the parent directory, and gives up after 5 s or so.
  claudeTest("2.1.104", "make one grant and both succeed, twice with the job first", (build) =>
    inPairs(2, () => jobFirst(build, SLOW)),
  );

  claudeTest("2.1.104", "make one grant and both succeed, twice with the job second", (build) =>
    inPairs(2, () => jobSecond(build, 1_000)),
  );
});

describe("ten pilotlight refreshes of one expired token at once", () => {
  claudeTest("2.1.329", "make one grant, and all ten end with 0", async (build) => {
    const scene = await openScene({ build, sandbox: { reuse: "revoke_family" } });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const ends = await Promise.all(Array.from({ length: 10 }, () => scene.run(REFRESH)));
    expect(ends.map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 0));
    const outcomes = ends.map((end) => endOf(end)[1]);
    expect(outcomes.filter((outcome) => outcome === "refreshed")).toHaveLength(1);
    // Whoever starts only after the commit finds nothing to do.
    for (const outcome of outcomes)
      expect(["refreshed", "adopted", "unchanged"]).toContain(outcome);
    expectOneGrant(scene);
  });
});
