import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished } from "vitest";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import {
  expectLivingPair,
  expectSettled,
  grantInFlight,
  livePair,
  until,
} from "../support/expectations.ts";
import { processesUnder } from "../support/processes.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { startSignIn } from "./a-sign-in.ts";

async function signedIn(build: ClaudeBuild): Promise<Scene> {
  const scene = await openScene({ build });
  scene.write(scene.sandbox.signIn());
  await pause(20);
  return scene;
}

const stagedIn = ({ state }: Scene) =>
  join(state, "staging", "default.sign-in", ".credentials.json");

describe("a sign-in", () => {
  claudeTest("2.1.329", "during a refresh waits for it, and its login stays", async (build) => {
    const scene = await openScene({ build });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.fault({ name: "token-slow", delayMs: 6_000, rotateAt: "start" });
    const refresh = scene.start(["refresh", "--json"]);
    await grantInFlight(scene);
    const { running, code, give } = await startSignIn(scene);
    give(code());
    const [refreshed, login] = await Promise.all([refresh.finished, running.finished]);
    expect([refreshed.code, login.code, login.stderr]).toEqual([0, 0, ""]);
    const { toFingerprint } = JSON.parse(login.stdout.trim().split("\n").at(-1) ?? "") as {
      toFingerprint: string;
    };
    expect(livePair(scene).accessToken).toBe(toFingerprint);
    expectLivingPair(scene);
    expectSettled(scene);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, codes: 1, reuses: 0 });
  });

  claudeTest(
    "2.1.329",
    "during a job does not disturb it: it goes on with the new login",
    async (build) => {
      const scene = await signedIn(build);
      const words = build.command.map((word) => `'${word}'`).join(" ");
      const hello = `${words} -p hello --output-format json`;
      const job = scene.start(["run", "--", "sh", "-c", `${hello} && sleep 6 && ${hello}`]);
      await until("the first hello", () =>
        scene.sandbox.requests().some(({ path }) => path === "/v1/messages"),
      );
      const { running, code, give } = await startSignIn(scene);
      give(code());
      expect((await running.finished).code).toBe(0);
      const { code: exit, stdout } = await job.finished;
      expect([exit, stdout.match(/"is_error":false/g)]).toEqual([
        0,
        ['"is_error":false', '"is_error":false'],
      ]);
      expectLivingPair(scene);
    },
  );

  for (const later of [0, 150, 400, 800, 1_200, 2_000]) {
    claudeTest(
      "2.1.329",
      `killed ${later} ms after the server issued the login loses nothing`,
      async (build) => {
        const scene = await signedIn(build);
        const before = livePair(scene);
        const isReplaced = () => livePair(scene).accessToken !== before.accessToken;
        const { running, code, give } = await startSignIn(scene);
        give(code());
        await until("the login in the stage", () => existsSync(stagedIn(scene)) || isReplaced());
        await pause(later);
        running.signal("SIGKILL");
        await running.finished;
        if (!isReplaced()) {
          const next = await scene.run(["login", "--json"]);
          expect([next.code, JSON.parse(next.stdout)]).toMatchObject([0, { isResumed: true }]);
        }
        expect(isReplaced()).toBe(true);
        expectLivingPair(scene);
        expect(scene.sandbox.grants()).toMatchObject({ codes: 1, reuses: 0 });
        expect((await scene.run(["refresh"])).code).toBe(0);
      },
    );
  }
});

claudeTest(
  "2.1.329",
  "a sign-in whose code cannot be passed on ends, and says why",
  async (build) => {
    const scene = await signedIn(build);
    const before = scene.text();
    const { running, code, give } = await startSignIn(scene);
    // As a disk that has filled up meanwhile: what marks the code as given cannot be written.
    mkdirSync(join(scene.state, "staging", "default.sign-in", "code-given"));
    give(code());
    const { code: exit, stderr } = await running.finished;
    expect([exit, stderr]).toEqual([73, expect.stringContaining("cannot_persist")]);
    expect(scene.text()).toBe(before);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
    await until("its end", () => processesUnder(join(scene.state, "staging")).length === 0);
  },
);

describe("a sign-in that was killed", () => {
  claudeTest("2.1.329", "in the middle of the exchange is finished by the next", async (build) => {
    const scene = await signedIn(build);
    scene.sandbox.fault({ name: "token-slow", delayMs: 3_000, rotateAt: "start" });
    const { running, code, give } = await startSignIn(scene);
    give(code());
    await grantInFlight(scene);
    running.signal("SIGKILL");
    await running.finished;
    const next = await scene.run(["login", "--json"]);
    expect([next.code, JSON.parse(next.stdout)]).toMatchObject([0, { isResumed: true }]);
    expectLivingPair(scene);
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  });

  claudeTest(
    "2.1.329",
    "before its code leaves a Claude Code that waits, which the next one ends",
    async (build) => {
      const scene = await signedIn(build);
      const first = await startSignIn(scene);
      first.running.signal("SIGKILL");
      await first.running.finished;
      expect(processesUnder(join(scene.state, "staging"))).toHaveLength(1);
      const { running, code, give } = await startSignIn(scene);
      give(code());
      expect((await running.finished).code).toBe(0);
      expect(processesUnder(join(scene.state, "staging"))).toEqual([]);
      expectLivingPair(scene);
    },
  );
});

const immutable = needs("chattr +i", "linux");

immutable.describe("a sign-in whose login cannot be stored", () => {
  claudeTest(
    "2.1.329",
    "keeps it, says where, and stores it without a browser once there is room",
    async (build) => {
      const scene = await signedIn(build);
      const before = scene.text();
      const { running, code, give } = await startSignIn(scene);
      const release = () => void spawnSync("chattr", ["-i", scene.file]);
      onTestFinished(release);
      spawnSync("chattr", ["+i", scene.file]);
      give(code());
      const failed = await running.finished;
      expect([failed.code, failed.stderr]).toEqual([73, expect.stringContaining(scene.file)]);
      expect(scene.text()).toBe(before);
      release();
      const next = await scene.run(["login", "--json"]);
      expect([next.code, JSON.parse(next.stdout)]).toMatchObject([0, { isResumed: true }]);
      expectLivingPair(scene);
    },
  );

  claudeTest("2.1.329", "sends nobody to a browser when that is known before", async (build) => {
    const scene = await signedIn(build);
    onTestFinished(() => void spawnSync("chattr", ["-i", scene.file]));
    spawnSync("chattr", ["+i", scene.file]);
    const { code, stdout } = await scene.run(["login", "--json"]);
    expect([code, stdout]).toEqual([73, expect.not.stringContaining('"link"')]);
  });
});
