import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { inventedModel } from "../../demo/invented-model.ts";
import { startKeeper } from "../../../../packages/pilotlight/test/e2e/keep/a-keeper.ts";
import { openScene, type Scene } from "../../../../packages/pilotlight/test/e2e/support/scene.ts";
import {
  recallBuild,
  rememberBuild,
} from "../../../../packages/pilotlight/test/e2e/support/build-memory.ts";
import type { ClaudeBuild } from "../../../../packages/pilotlight/test/support/claude-builds.ts";
import { claudeTest } from "../../../../packages/pilotlight/test/support/claude-test.ts";
import { needs } from "../../../../packages/pilotlight/test/support/needs.ts";
import { factsIn, type ServiceOptions, startService } from "./a-service.ts";

const mounts = needs("linux", "root", "unshare");

mounts.describe("a knowledge service whose login is one read-only file of the host's", () => {
  claudeTest(
    "2.1.329",
    "works, tells whom to turn to when the token ends, and works when the host has renewed",
    async (build) => {
      const scene = await openScene({ build, sandbox: { reply: inventedModel } });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 8 * 3600 }));
      const { state, ...container } = containerOf(scene, build);
      const service = await startService(scene, container);
      expect(await service.say("I moved to London.")).toMatchObject({ status: 200 });
      expect((await service.health()).body).toMatchObject({
        status: "ok",
        credential: { phase: "fresh", refreshable: false, loginEndsAt: expect.any(String) },
      });

      end(scene, 10 * 60_000);
      expect(await service.health()).toMatchObject({
        status: 503,
        body: { warnings: [{ code: "store_read_only", state: "critical" }] },
      });
      end(scene, -1000);
      const told = await service.say("We relocated to Turin.");
      expect(told).toMatchObject({
        status: 503,
        retryAfter: null,
        body: {
          code: "store_read_only",
          retryable: false,
          action: { message: expect.stringContaining("on that host"), by: "person" },
          stale: true,
        },
      });
      expect(factsIn(told)).toEqual(["She lives in London."]);
      // Nothing in the container has spent the refresh token.
      expect(scene.sandbox.tokenPosts()).toEqual([]);

      const keeper = await startKeeper(scene, { env: { PILOTLIGHT_WRITE: "in-place" } });
      await keeper.healthy(({ http }) => http === 200);
      const again = await service.context();
      expect(again).toMatchObject({ status: 200, body: { credential: { kind: "oauth" } } });
      expect(factsIn(again)).toEqual(["She lives in Turin."]);
      expect((await service.health()).body).toMatchObject({ status: "ok", warnings: [] });
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      await keeper.end();
      expect(await service.stop()).toBe(0);
      rememberBuild(build.version, state);
    },
    180_000,
  );
});

/** As compose makes it: the credential under another name, read-only; settings, state and data are the container's own. */
function containerOf(scene: Scene, build: ClaudeBuild) {
  const root = join(scene.home.home, "container");
  const state = join(root, "state", "pilotlight");
  const target = join(root, "run", "claude", "credentials.json");
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, "");
  recallBuild(build.version, state);
  const mount = `mount --bind -o ro ${scene.file} ${target} && exec "$@"`;
  return {
    state,
    within: ["unshare", "-m", "sh", "-c", mount, "sh"],
    env: {
      CONTEXT_AUTH: "subscription",
      CLAUDE_CREDENTIALS_PATH: target,
      CLAUDE_CONFIG_DIR: join(root, "claude"),
      PILOTLIGHT_STATE_DIR: state,
    },
  } satisfies ServiceOptions & { state: string };
}

/** Has the access token end in so many ms, for the file and for the server; the same file, as a mount needs it. */
function end(scene: Scene, inMs: number): void {
  const document = scene.document();
  if (inMs <= 0) scene.sandbox.revokeAccess();
  const login = { ...document.claudeAiOauth, expiresAt: Date.now() + inMs };
  scene.write({ ...document, claudeAiOauth: login });
}
