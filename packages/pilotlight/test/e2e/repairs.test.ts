import { describe, expect } from "vitest";
import { claudeTest } from "../support/claude-test.ts";
import {
  endOf,
  expectLivingPair,
  expectSettled,
  livePair,
  sentTokens,
} from "./support/expectations.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];
const FORCED = [...REFRESH, "--force"];

/** Leaves the store as a CLI does that was told `invalid_grant`: all other keys stay. */
function blank(scene: Scene): void {
  const { claudeAiOauth, ...siblings } = scene.document();
  const blanked = { ...claudeAiOauth, accessToken: "", refreshToken: "", expiresAt: 0 };
  scene.write({ ...siblings, claudeAiOauth: blanked });
}

describe("a store that was blanked", () => {
  claudeTest("2.1.329", "is restored from the last generation and refreshed", async (build) => {
    const scene = await openScene({ build });
    scene.write({ ...scene.sandbox.signIn({ accessTokenLife: 0 }), futureBeside: "kept" });
    expect((await scene.run(REFRESH)).code).toBe(0);
    const generation = livePair(scene);
    blank(scene);
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
    expect(sentTokens(scene).at(-1)).toBe(generation.refreshToken);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 2, reuses: 0 });
    expect(scene.document()["futureBeside"]).toBe("kept");
    expectLivingPair(scene);
    expectSettled(scene);
  });

  claudeTest("2.1.329", "stays so after a rejected grant: a person must sign in", async (build) => {
    const scene = await openScene({ build });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_ended"]);
    blank(scene);
    const blanked = scene.text();
    expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_blanked"]);
    expect(scene.text()).toBe(blanked);
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  });

  claudeTest("2.1.329", "is unblocked by a sign-in", async (build) => {
    const scene = await openScene({ build });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    expect((await scene.run(REFRESH)).code).toBe(77);
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
    expectLivingPair(scene);
  });
});

describe("a backup that was restored over the store", () => {
  claudeTest("2.1.329", "is repaired, and its spent token never sent again", async (build) => {
    const scene = await openScene({ build });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const backup = scene.text();
    const spent = livePair(scene).refreshToken;
    expect((await scene.run(REFRESH)).code).toBe(0);
    scene.write(backup);
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
    expect(sentTokens(scene).filter((token) => token === spent)).toHaveLength(1);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 2, reuses: 0 });
    expectLivingPair(scene);
    expectSettled(scene);
  });

  claudeTest("2.1.329", "is repaired although its access token looks fresh", async (build) => {
    const scene = await openScene({ build });
    scene.write(scene.sandbox.signIn());
    const backup = scene.text();
    const spent = livePair(scene).refreshToken;
    expect((await scene.run(FORCED)).code).toBe(0);
    scene.write(backup);
    expect((await scene.run(REFRESH)).code).toBe(0);
    expect(sentTokens(scene).filter((token) => token === spent)).toHaveLength(1);
    expectLivingPair(scene);
  });

  claudeTest("2.1.329", "is 77 when the last generation is used up as well", async (build) => {
    const scene = await openScene({ build });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const backup = scene.text();
    expect((await scene.run(REFRESH)).code).toBe(0);
    scene.sandbox.endLogin();
    expect(endOf(await scene.run(FORCED))).toEqual([77, "dead", "login_ended"]);
    scene.write(backup);
    expect(endOf(await scene.run(FORCED))).toEqual([77, "dead", "refresh_token_spent"]);
    expect(scene.text()).toBe(backup);
    expect(scene.sandbox.tokenPosts()).toHaveLength(2);
  });
});
