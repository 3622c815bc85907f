import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { BLANK, PHONE, testBrowser } from "../../http/page/browser.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { runClaude } from "../../support/run-claude.ts";
import { expectLivingPair, expectSettled, livePair } from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { startSignIn } from "./a-sign-in.ts";

/** One prompt of the user's own, outside Pilotlight. */
async function sayHello(build: ClaudeBuild, { env, home }: Scene): Promise<void> {
  const said = await runClaude(build, ["-p", "hello"], { cwd: home.home, env });
  expect([said.code, said.stdout]).toEqual([0, "Hello from the sandbox.\n"]);
}

/** A machine on which Claude Code has worked, and so has noted whose login it is. */
async function worked(build: ClaudeBuild): Promise<Scene> {
  const scene = await openScene({ build });
  scene.write(scene.sandbox.signIn());
  await sayHello(build, scene);
  const noted = readFileSync(join(scene.home.configDir, ".claude.json"), "utf8");
  expect(noted).toContain("person@sandbox.invalid");
  return scene;
}

/** What a person with a browser does between the link and the code. */
async function agree(page: Page, link: string, name: string): Promise<string> {
  await page.goto(link);
  await page.getByRole("link", { name }).click();
  await page.getByRole("button", { name: "Agree" }).click();
  return (await page.locator("#code").textContent()) ?? "";
}

needs("chromium").describe("a sign-in with a browser", () => {
  const open = testBrowser();

  claudeTest("2.1.329", "goes from the link to the proved login", async (build) => {
    const scene = await worked(build);
    const before = livePair(scene);
    const { running, link, give } = await startSignIn(scene);
    const page = await open(BLANK, { viewport: PHONE });
    const place = scene.sandbox.authorizeUrl(link);
    give(await agree(page, place, "person@sandbox.invalid in Sandbox"));
    const { code, stdout, stderr } = await running.finished;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain('"event":"signed_in"');
    expect(livePair(scene)).not.toEqual(before);
    expectLivingPair(scene);
    expectSettled(scene);
    await sayHello(build, scene);
  });

  for (const [what, name, detail] of [
    ["account", "colleague@sandbox.invalid in Sandbox", "the account differs"],
    ["organization", "person@sandbox.invalid in Elsewhere", "the organization differs"],
  ] as const) {
    claudeTest("2.1.329", `of another ${what} is refused, and changes nothing`, async (build) => {
      const scene = await worked(build);
      const before = scene.text();
      const { running, link, give } = await startSignIn(scene);
      const page = await open(BLANK, { viewport: PHONE });
      give(await agree(page, scene.sandbox.authorizeUrl(link), name));
      const { code, stderr } = await running.finished;
      expect([code, stderr]).toEqual([78, expect.stringContaining(detail)]);
      expect(stderr).toContain("pilotlight: another_account:");
      expect(scene.text()).toBe(before);
      expectLivingPair(scene);
    });
  }

  claudeTest(
    "2.1.329",
    "whose code has ended changes nothing, and the next one works",
    async (build) => {
      const scene = await worked(build);
      const before = scene.text();
      const first = await startSignIn(scene);
      const page = await open(BLANK, { viewport: PHONE });
      const name = "person@sandbox.invalid in Sandbox";
      const late = await agree(page, scene.sandbox.authorizeUrl(first.link), name);
      scene.sandbox.expireCodes();
      first.give(late);
      const { code, stderr } = await first.running.finished;
      expect([code, stderr]).toEqual([77, expect.stringContaining("code_rejected")]);
      expect(scene.text()).toBe(before);
      const again = await startSignIn(scene);
      again.give(await agree(page, scene.sandbox.authorizeUrl(again.link), name));
      expect((await again.running.finished).code).toBe(0);
      expectLivingPair(scene);
    },
  );
});
