import type { Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import { axe, BLANK, isTooWide, PHONE, testBrowser } from "../../http/page/browser.ts";
import { needs } from "../../support/needs.ts";
import { aLink, redemption } from "./a-link.ts";

const { describe, it } = needs("chromium");

async function opened(): Promise<Sandbox> {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.stop());
  return sandbox;
}

/** From the link to the last page, as a person goes. */
async function agree(page: Page, link: string, email: string): Promise<string> {
  await page.goto(link);
  await page.getByRole("link", { name: email }).first().click();
  await page.getByRole("button", { name: "Agree" }).click();
  return (await page.locator("#code").textContent()) ?? "";
}

describe("the authorisation page in a browser", () => {
  const open = testBrowser();

  it("leads from the link to a code that signs in, by keyboard alone", async () => {
    const sandbox = await opened();
    const page = await open(BLANK, { viewport: PHONE });
    await page.goto(sandbox.authorizeUrl(aLink()));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Let Claude Code use this account?" }).waitFor();
    expect(await page.locator("main").innerText()).toContain(
      "colleague@sandbox.invalid in Sandbox",
    );
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const code = (await page.locator("#code").textContent()) ?? "";
    expect(code).toMatch(/^TEST[\w-]+#TESTstate$/);
    await page.locator("#code").click();
    expect(await page.evaluate("getSelection().toString().trim()")).toBe(code);
    const body = JSON.stringify(redemption(code));
    expect((await fetch(sandbox.tokenUrl, { method: "POST", body })).status).toBe(200);
    expect(sandbox.logins()).toMatchObject([{ account: "colleague" }]);
  });

  it("goes the same way through the proxy, from one host to the other", async () => {
    const sandbox = await opened();
    const page = await open(BLANK, {
      proxy: { server: sandbox.proxyUrl },
      ignoreHTTPSErrors: true,
      expected: /^asks https:\/\/(platform\.)?claude\.com\/(cai\/)?oauth\//,
    });
    expect(await agree(page, aLink(), "person@sandbox.invalid")).toMatch(/#TESTstate$/);
    expect(new URL(page.url()).host).toBe("platform.claude.com");
  });

  it("can be left, and says that nobody was signed in", async () => {
    const sandbox = await opened();
    const page = await open(BLANK, { expected: /400/ });
    await page.goto(sandbox.authorizeUrl(aLink()));
    await page.getByRole("link", { name: "Elsewhere" }).click();
    await page.getByRole("link", { name: "Use another account" }).click();
    await page.getByRole("link", { name: "colleague" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "Nobody was signed in" }).waitFor();
    expect(await page.locator("#error").textContent()).toBe("access_denied");
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`keeps nobody out and fits a phone, ${colorScheme}`, async () => {
      const sandbox = await opened();
      const link = sandbox.authorizeUrl(aLink({ state: "s".repeat(120) }));
      const options = { viewport: PHONE, colorScheme, bypassCSP: true, expected: /40\d|410/ };
      const page = await open(BLANK, options);
      const looks = async (heading: string) => {
        await page.getByRole("heading", { name: heading }).waitFor();
        const { violations, passes } = await axe(page);
        expect(violations).toEqual([]);
        expect(passes.length).toBeGreaterThan(10);
        expect(await isTooWide(page)).toBe(false);
      };
      await page.goto(link);
      await looks("Who signs in?");
      await page.getByRole("link", { name: "colleague" }).click();
      await looks("Let Claude Code use this account?");
      await page.getByRole("button", { name: "Agree" }).click();
      await looks("Copy this code");
      sandbox.expireCodes();
      await page.reload();
      await looks("This code is expired");
      await page.goto(sandbox.authorizeUrl(aLink({ client_id: null })));
      await looks("This link cannot be used");
    });
  }

  it("is shown with its own style under its own policy", async () => {
    const sandbox = await opened();
    const page = await open(BLANK, { viewport: PHONE });
    await page.goto(`${sandbox.authorizeUrl(aLink())}&account=person`);
    const height = "document.querySelector('button').getBoundingClientRect().height";
    expect(await page.evaluate(height)).toBeGreaterThanOrEqual(44);
  });
});
