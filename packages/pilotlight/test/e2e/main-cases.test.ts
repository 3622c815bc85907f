import { describe, expect } from "vitest";
import { CLAUDE_VERSIONS, type ClaudeBuild } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import {
  endOf,
  expectLivingPair,
  expectSettled,
  grantInFlight,
  livePair,
  reportOf,
  sentTokens,
  until,
} from "./support/expectations.ts";
import { openScene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];
const FORCED = [...REFRESH, "--force"];

for (const version of CLAUDE_VERSIONS) {
  describe(`pilotlight refresh through Claude Code ${version}`, () => {
    claudeTest(version, "leaves a fresh login and the token endpoint alone", async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn());
      const before = scene.text();
      expect(endOf(await scene.run(REFRESH))).toEqual([0, "unchanged", "fresh"]);
      expect(scene.text()).toBe(before);
      expect(scene.sandbox.tokenPosts()).toEqual([]);
    });

    claudeTest(version, "refreshes an expired login with one grant", async (build) => {
      const scene = await openScene({ build });
      const { claudeAiOauth } = scene.sandbox.signIn({ accessTokenLife: 0 });
      scene.write({ claudeAiOauth });
      const before = livePair(scene);
      const finished = await scene.run(REFRESH);
      expect(endOf(finished)).toEqual([0, "refreshed", null]);
      expect(reportOf(finished)).toMatchObject({
        driver: "cli",
        fromFingerprint: before.accessToken,
        toFingerprint: livePair(scene).accessToken,
      });
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expect(sentTokens(scene)).toEqual([before.refreshToken]);
      expect(scene.document().claudeAiOauth).toMatchObject({
        scopes: claudeAiOauth.scopes,
        subscriptionType: claudeAiOauth.subscriptionType,
        rateLimitTier: claudeAiOauth.rateLimitTier,
        accountUuid: claudeAiOauth.accountUuid,
      });
      expect(scene.document().claudeAiOauth.expiresAt).toBeGreaterThan(Date.now());
      expectLivingPair(scene);
      expectSettled(scene);
    });

    claudeTest(version, "refreshes on --force a token that was revoked early", async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn());
      scene.sandbox.revokeAccess();
      expect(endOf(await scene.run(FORCED))).toEqual([0, "refreshed", null]);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expectLivingPair(scene);
      expectSettled(scene);
    });

    claudeTest(version, "stores what a token endpoint says after 8 s", async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      scene.sandbox.fault({ name: "token-slow", delayMs: 8_000, rotateAt: "start" });
      expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expectLivingPair(scene);
      expectSettled(scene);
    });
  });
}

for (const version of ["2.1.329", "2.1.216"] as const) {
  describe(`a login that has ended, through Claude Code ${version}, which says so`, () => {
    claudeTest(version, "is reported as 77, once, and the store stays as it was", async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      scene.sandbox.endLogin();
      const before = scene.text();
      expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_ended"]);
      expect(endOf(await scene.run(REFRESH))).toEqual([77, "dead", "login_ended"]);
      expect(scene.text()).toBe(before);
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
      expectSettled(scene);
    });

    claudeTest(version, "gives way to a sign-in that came meanwhile", (build) =>
      signInWhileRejected(build),
    );
  });
}

async function signInWhileRejected(build: ClaudeBuild): Promise<void> {
  const scene = await openScene({ build });
  const { claudeAiOauth } = scene.sandbox.signIn({ accessTokenLife: 0 });
  scene.write({ claudeAiOauth });
  scene.sandbox.endLogin(claudeAiOauth.refreshToken);
  scene.sandbox.fault({ name: "token-slow", delayMs: 3_000 });
  const running = scene.start(REFRESH);
  await grantInFlight(scene);
  scene.write(scene.sandbox.signIn());
  const signedIn = scene.text();
  expect(endOf(await running.finished)).toEqual([0, "adopted", null]);
  expect(scene.text()).toBe(signedIn);
  expectSettled(scene);
}

describe("a login that has ended, through Claude Code 2.1.104, which keeps that to itself", () => {
  claudeTest(
    "2.1.104",
    "is in doubt, and is not asked again before a quarter of an hour is over",
    async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      scene.sandbox.endLogin();
      const before = scene.text();
      expect((await scene.run(REFRESH)).code).toBe(75);
      const sent = scene.sandbox.tokenPosts().length;
      expect(endOf(await scene.run(REFRESH))).toEqual([75, "in_doubt", "refresh_unknown"]);
      expect(scene.sandbox.tokenPosts()).toHaveLength(sent);
      expect(scene.text()).toBe(before);
    },
  );

  claudeTest(
    "2.1.104",
    "does not keep the CLI trying for minutes where the API leaves retries to the client",
    async (build) => {
      const scene = await openScene({ build, sandbox: { shouldRetry: null } });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      scene.sandbox.endLogin();
      const posts = () => scene.sandbox.tokenPosts().length;
      // A request may come twice in one grant; more are a siege, and the login's locks are held all the while.
      const { finished } = scene.start(REFRESH);
      await Promise.race([finished, until("a third request", () => posts() > 2)]);
      expect(posts()).toBeLessThanOrEqual(2);
      expect((await finished).code).toBe(75);
    },
  );
});
