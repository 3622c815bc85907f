import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { expectLivingPair } from "../support/expectations.ts";
import { openScene } from "../support/scene.ts";
import { asked, type JobScene, runOf, withJobs } from "./a-job.ts";

const BOT = fileURLToPath(new URL("fixtures/bot.py", import.meta.url));

const LINE = /^pilotlight: auth_rejected: [^\n]* \(request_id (req_\w+)\)\. [^\n]*\n$/;

const bots = needs("python3");

bots.describe("a bot in Python that spawns node cli.js -p through run", () => {
  claudeTest("2.1.104", "gets its answer although the token was revoked early", async (build) => {
    const scene = await openRevoked();
    const { status, answer, errors } = await spawnedBy(scene, build);
    expect([status, answer, errors]).toEqual([0, "Hello from the sandbox.\n", ""]);
    expect(asked(scene).map((request) => request.status)).toEqual([401, 200]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    expectLivingPair(scene);
  });

  claudeTest("2.1.104", "reads of a dead login in one line on stderr, and 77", async (build) => {
    const scene = await openRevoked();
    scene.sandbox.endLogin();
    const { status, answer, errors } = await spawnedBy(scene, build);
    expect(status).toBe(77);
    expect(errors).toMatch(LINE);
    expect(answer).toContain(LINE.exec(errors)?.[1]);
    expect(asked(scene)).toHaveLength(1);
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  });

  claudeTest("2.1.104", "reads the same when no refresh helps", async (build) => {
    const scene = await openRevoked();
    scene.sandbox.fault({ name: "messages-401-revoked", shouldRetry: false });
    const { status, errors } = await spawnedBy(scene, build);
    expect(status).toBe(77);
    expect(errors).toMatch(LINE);
    expect(asked(scene).map((request) => request.status)).toEqual([401, 401]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    expectLivingPair(scene);
  });
});

/** A login whose access token the server has just revoked. */
async function openRevoked(): Promise<JobScene> {
  const scene = withJobs(await openScene(), "exit 1");
  scene.write(scene.sandbox.signIn());
  scene.sandbox.revokeAccess();
  return scene;
}

/** Has the bot ask. @returns what it captured */
async function spawnedBy(
  scene: JobScene,
  { command }: ClaudeBuild,
): Promise<{ readonly status: number; readonly answer: string; readonly errors: string }> {
  const ended = await scene.plain(["python3", BOT, ...runOf([], [...command, "-p", "say hello"])]);
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  return JSON.parse(ended.stdout);
}
