import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { rememberBuild } from "../support/build-memory.ts";
import {
  expectLivingPair,
  expectSettled,
  grantInFlight,
  sentTokens,
  until,
} from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import {
  age,
  type Conversation,
  conversation,
  replaceStore,
  STREAM,
  tokenAtHand,
} from "./a-conversation.ts";
import { asked, type JobScene, runOf, withJobs } from "./a-job.ts";

const ISOLATED = ["--isolate", "always"];
const LIVE: readonly string[] = [];

describe("a real Claude Code that outlives its tokens", () => {
  claudeTest("2.1.329", "answers through three of them, and run sends every grant", (build) =>
    livesOn(build, LIVE),
  );

  claudeTest("2.1.329", "answers through three of them when isolated, too", (build) =>
    livesOn(build, ISOLATED),
  );

  claudeTest("2.1.216", "answers through three of them when isolated, too", (build) =>
    livesOn(build, ISOLATED),
  );

  claudeTest("2.1.104", "answers through three of them with the endpoint driver", (build) =>
    livesOn(build, LIVE, "endpoint"),
  );
});

describe("a real Claude Code whose token is revoked between two turns", () => {
  claudeTest("2.1.329", "goes on after one grant, its own or that of run", async (build) => {
    const { scene, talk } = await begun(build, LIVE);
    scene.sandbox.revokeAccess();
    expect(await talk.turn()).toMatchObject({ is_error: false });
    await expectOneGrant(scene, talk);
  });

  claudeTest("2.1.104", "is given a new token by run", async (build) => {
    const { scene, talk } = await begun(build, LIVE);
    scene.sandbox.revokeAccess();
    await answered(talk);
    await expectOneGrant(scene, talk);
    expect(sentTokens(scene)).toEqual(spentByRun(scene));
  });

  claudeTest("2.1.329", "is given a new token by run when isolated", async (build) => {
    const { scene, talk } = await begun(build, ISOLATED);
    scene.sandbox.revokeAccess();
    await answered(talk);
    await expectOneGrant(scene, talk);
    expect(sentTokens(scene)).toEqual(spentByRun(scene));
  });
});

/** Talks on until a turn is answered: a job gives one up long before a refresh can be over. */
async function answered(talk: Conversation): Promise<void> {
  for (let turn = 1; turn < 20; turn += 1) {
    if (!(await talk.turn()).is_error) return;
    await pause(500);
  }
  expect(await talk.turn()).toMatchObject({ is_error: false });
}

async function expectOneGrant(scene: Scene, talk: Conversation): Promise<void> {
  const ended = await talk.end();
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  expectLivingPair(scene);
}

describe("a sign-in while run renews the login before it", () => {
  claudeTest("2.1.329", "is what the job goes on with, and what stays", (build) =>
    survivesSignIn(build, LIVE),
  );

  claudeTest("2.1.329", "is what the job goes on with when isolated, too", (build) =>
    survivesSignIn(build, ISOLATED),
  );
});

interface Begun {
  readonly scene: JobScene;
  readonly talk: Conversation;
}

/** Starts a job and has its first turn answered. */
async function begun(
  build: ClaudeBuild,
  flags: readonly string[],
  driver: "cli" | "endpoint" = "cli",
): Promise<Begun> {
  const scene = withJobs(await openScene(driver === "cli" ? { build } : {}), "exit 1");
  scene.write(scene.sandbox.signIn());
  const talk = conversation(scene.begin(runOf(flags, [...build.command, ...STREAM])));
  expect(await talk.turn()).toMatchObject({ is_error: false });
  // The rehearsal of an isolated job is paid for once.
  if (flags === ISOLATED) rememberBuild(build.version, scene.state);
  return { scene, talk };
}

async function livesOn(...start: Parameters<typeof begun>): Promise<void> {
  const { scene, talk } = await begun(...start);
  for (const life of ["second", "third"]) {
    const before = tokenAtHand(scene);
    age(scene);
    await until(`the ${life} token`, () => tokenAtHand(scene) !== before);
    expect(await talk.turn()).toMatchObject({ is_error: false });
  }
  const ended = await talk.end();
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(asked(scene).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(bearersIn(scene)).size).toBe(3);
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 2, reuses: 0 });
  expect(sentTokens(scene)).toEqual(spentByRun(scene));
  expectLivingPair(scene);
}

async function survivesSignIn(...start: Parameters<typeof begun>): Promise<void> {
  const { scene, talk } = await begun(...start);
  const before = scene.document();
  scene.sandbox.fault({ name: "token-slow", delayMs: 1_500, times: 1 });
  age(scene);
  await grantInFlight(scene);
  const after = scene.sandbox.signIn();
  replaceStore(scene, after);
  const { accessToken, refreshToken } = after.claudeAiOauth;
  await until("the new login", () => tokenAtHand(scene) === accessToken);
  expect(await talk.turn()).toMatchObject({ is_error: false });
  const ended = await talk.end();
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(bearersIn(scene)).toEqual(
    [before, after].map((document) => fingerprintOf(document.claudeAiOauth.accessToken)),
  );
  expect(scene.document().claudeAiOauth).toMatchObject({ accessToken, refreshToken });
  expect(sentTokens(scene)).toEqual([fingerprintOf(before.claudeAiOauth.refreshToken)]);
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  expectSettled(scene);
}

function bearersIn(scene: Scene) {
  return asked(scene).map(({ fingerprints }) => fingerprints.bearer);
}

/** The refresh tokens that Pilotlight knows to have used up itself: those of another's refresh are not among them. */
function spentByRun({ state }: Scene): unknown {
  return JSON.parse(readFileSync(join(state, "logins", "default.json"), "utf8")).spent;
}
