import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FaultName } from "../../src/sandbox/fault.ts";
import { claudeTest } from "../support/claude-test.ts";
import { endOf, expectLivingPair, expectSettled } from "./support/expectations.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];

/** An expired login meets `name` on three runs in a row; nothing is stored, and nobody is told to sign in. */
async function sitOut(scene: Scene, name: FaultName): Promise<void> {
  scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
  const before = scene.text();
  scene.sandbox.fault({ name });
  for (let run = 0; run < 3; run += 1) expect([69, 75]).toContain((await scene.run(REFRESH)).code);
  expect(scene.text()).toBe(before);
  scene.sandbox.clearFaults();
}

async function expectRecovery(scene: Scene, args: readonly string[]): Promise<void> {
  expect(endOf(await scene.run(args))).toEqual([0, "refreshed", null]);
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  expectLivingPair(scene);
  expectSettled(scene);
}

/** What leaves no doubt about the grant is simply tried again by the next run. */
async function expectSurvived(scene: Scene, name: FaultName): Promise<void> {
  await sitOut(scene, name);
  await expectRecovery(scene, REFRESH);
}

/** Of what the CLI tells nothing, the next try is made after a pause, by itself. */
async function expectSurvivedAfterPause(scene: Scene, name: FaultName): Promise<void> {
  await sitOut(scene, name);
  const sent = scene.sandbox.tokenPosts().length;
  expect(endOf(await scene.run(REFRESH))).toEqual([75, "in_doubt", "refresh_unknown"]);
  expect(scene.sandbox.tokenPosts()).toHaveLength(sent);
  ageDoubt(scene);
  await expectRecovery(scene, REFRESH);
}

/** What may have rotated was tried once more; from then on only a person sends the token again. */
async function expectForced(scene: Scene, name: FaultName): Promise<void> {
  await sitOut(scene, name);
  const sent = scene.sandbox.tokenPosts().length;
  ageDoubt(scene);
  expect(endOf(await scene.run(REFRESH))).toEqual([75, "in_doubt", "in_doubt"]);
  expect(scene.sandbox.tokenPosts()).toHaveLength(sent);
  await expectRecovery(scene, [...REFRESH, "--force"]);
}

/** Lets a day pass for the journal. */
function ageDoubt({ state }: Scene): void {
  const path = join(state, "journal", "default.json");
  const journal = JSON.parse(readFileSync(path, "utf8")) as { at: number };
  writeFileSync(path, JSON.stringify({ ...journal, at: journal.at - 86_400_000 }));
}

describe("an outage of the token endpoint that lasts three runs", () => {
  for (const name of ["token-429", "token-403-html"] as const) {
    claudeTest("2.1.329", `${name} is over for the next run`, async (build) =>
      expectSurvived(await openScene({ build }), name),
    );
  }
  for (const name of ["token-500", "token-503-html"] as const) {
    it(`endpoint driver: ${name} is over for the next run`, async () =>
      expectSurvived(await openScene(), name));
  }

  for (const [version, name] of [
    ["2.1.329", "token-503-html"],
    ["2.1.104", "token-429"],
  ] as const) {
    claudeTest(
      version,
      `${name}, of which it tells nothing, is over after a pause`,
      async (build) => expectSurvivedAfterPause(await openScene({ build }), name),
    );
  }

  claudeTest("2.1.329", "token-reset, a real doubt, is over with --force", async (build) =>
    expectForced(await openScene({ build }), "token-reset"),
  );
  it("endpoint driver: token-reset, a real doubt, is over with --force", async () =>
    expectForced(await openScene(), "token-reset"));
});
