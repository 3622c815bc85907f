import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endOf, expectLivingPair, expectSettled, sentTokens } from "./support/expectations.ts";
import { holdWriteLock } from "./support/held-lock.ts";
import { isCommitted, isIntended, isLocked, isSent, isSpilled, killAt } from "./support/moments.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];

/** Too short for an orphaned lock to grow old: only its owner's known death lets the next run in. */
const IMPATIENT = { PILOTLIGHT_LOCK_WAIT: "45s" };

async function expiredScene(): Promise<Scene> {
  const scene = await openScene({ env: IMPATIENT });
  scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
  return scene;
}

describe("the endpoint driver, killed", () => {
  for (const [when, moment] of [
    ["once it held the lock", isLocked],
    ["once the intent was written", isIntended],
  ] as const) {
    it(`${when}, has spent nothing that the next run misses`, async () => {
      const scene = await expiredScene();
      // Should the request be quicker than the kill, the server has not rotated yet and never will.
      scene.sandbox.fault({ name: "token-hang", delayMs: 30_000, times: 1 });
      expect((await killAt(scene.start(REFRESH), scene, moment)).signal).toBe("SIGKILL");
      scene.sandbox.clearFaults();
      expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expectLivingPair(scene);
      expectSettled(scene);
    });
  }

  it("between request and answer, is in doubt, tries once more, and tells the truth", async () => {
    const scene = await expiredScene();
    scene.sandbox.fault({ name: "token-slow", delayMs: 30_000, rotateAt: "start", times: 1 });
    await killAt(scene.start(REFRESH), scene, isSent, 200);
    const before = scene.text();
    // The one window that nobody can close: rotated, and the answer reached no disk of ours.
    expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_ended"]);
    expect(scene.text()).toBe(before);
    expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_ended"]);
    expect(sentTokens(scene)).toHaveLength(2);
  });

  it("between request and answer, with a living access token, keeps that token's hours", async () => {
    const scene = await openScene({ env: IMPATIENT });
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name: "token-slow", delayMs: 30_000, rotateAt: "start", times: 1 });
    await killAt(scene.start([...REFRESH, "--force"]), scene, isSent, 200);
    expect(endOf(await scene.run(REFRESH))).toEqual([75, "in_doubt", "in_doubt"]);
    expect(endOf(await scene.run(REFRESH))).toEqual([75, "in_doubt", "in_doubt"]);
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  });

  it("between answer and commit, has its spill adopted without another request", async () => {
    const scene = await expiredScene();
    const lock = holdWriteLock(scene);
    const { signal } = await killAt(scene.start(REFRESH), scene, isSpilled, 300);
    expect(signal).toBe("SIGKILL");
    expect(isCommitted(scene)).toBe(false);
    lock.release();
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "adopted", null]);
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    expectLivingPair(scene);
    expectSettled(scene);
  });

  it("between answer and commit, is replayed by one of ten runs at once", async () => {
    const scene = await expiredScene();
    const lock = holdWriteLock(scene);
    await killAt(scene.start(REFRESH), scene, isSpilled, 300);
    lock.release();
    const ends = await Promise.all(Array.from({ length: 10 }, () => scene.run(REFRESH)));
    expect(ends.map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    expectLivingPair(scene);
    expectSettled(scene);
  });
});

describe("an answer that cannot be understood", () => {
  it("is kept, so that a person can still find the token in it", async () => {
    const scene = await expiredScene();
    scene.sandbox.fault({ name: "token-rotate-then-broken-json", times: 1 });
    expect(endOf(await scene.run(REFRESH))).toEqual([75, "in_doubt", "in_doubt"]);
    expect(existsSync(join(scene.state, "journal", "default.spill.json"))).toBe(true);
    expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_ended"]);
    const kept = readdirSync(join(scene.state, "journal", "archive"));
    expect(kept).toEqual([expect.stringMatching(/^default\.spill-\d+\.json$/)]);
  });
});
