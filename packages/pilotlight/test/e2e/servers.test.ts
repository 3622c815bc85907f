import { describe, expect } from "vitest";
import type { SandboxOptions } from "../../src/sandbox/index.ts";
import { claudeTest } from "../support/claude-test.ts";
import { runClaude } from "../support/run-claude.ts";
import {
  endOf,
  expectLivingPair,
  expectSettled,
  livePair,
  sentTokens,
} from "./support/expectations.ts";
import { openScene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];

const SERVERS: readonly (readonly [string, SandboxOptions])[] = [
  ["rejects reuse", { reuse: "reject" }],
  ["revokes the login on reuse", { reuse: "revoke_family" }],
  ["gives the same answer again for ten seconds", { reuse: { graceMs: 10_000 } }],
  ["lets the previous access token live on", { revokesPreviousAccess: false }],
];

describe("a round of refresh, forced refresh and job, on a server that", () => {
  for (const [how, sandbox] of SERVERS) {
    claudeTest("2.1.329", `${how}, sends no token twice`, async (build) => {
      const scene = await openScene({ build, sandbox });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
      expect(endOf(await scene.run([...REFRESH, "--force"]))).toEqual([0, "refreshed", null]);
      const { code } = await runClaude(build, ["-p", "say hello"], {
        cwd: scene.home.home,
        env: { ...scene.home.env, ...scene.sandbox.env() },
      });
      expect(code).toBe(0);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 2, reuses: 0, replays: 0 });
      expect(new Set(sentTokens(scene)).size).toBe(2);
      expectLivingPair(scene);
      expectSettled(scene);
    });
  }

  for (const version of ["2.1.329", "2.1.104"] as const) {
    claudeTest(
      version,
      "does not rotate, uses the one refresh token again and again",
      async (build) => {
        const scene = await openScene({ build, sandbox: { rotates: false } });
        scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
        const { refreshToken } = livePair(scene);
        expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
        expect(endOf(await scene.run([...REFRESH, "--force"]))).toEqual([0, "refreshed", null]);
        expect(sentTokens(scene)).toEqual([refreshToken, refreshToken]);
        expectLivingPair(scene);
        expectSettled(scene);
      },
    );
  }
});
