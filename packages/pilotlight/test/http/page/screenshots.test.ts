import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { needs } from "../../support/needs.ts";
import { ID, PHRASE, smallRenew } from "../renew/a-sign-in.ts";
import { kept, smallKeeper } from "../small-keeper.ts";
import { keeperOfTheNight } from "./a-night.ts";
import { BLANK, DESK, PHONE, servePage, settled, testBrowser } from "./browser.ts";

const { describe, it } = needs("chromium");
const FOLDER = fileURLToPath(new URL("../../../../../docs/images/", import.meta.url));
/** Only then are they written: fonts differ from machine to machine. */
const isWriting = process.env["PILOTLIGHT_SCREENSHOTS"] === "1";
const MOST_BYTES = 150_000;

const SHOTS = {
  "status-page": { path: "/", viewport: { ...DESK, height: 815 }, colorScheme: "light" },
  "status-page-phone": { path: "/", viewport: { ...PHONE, height: 1230 }, colorScheme: "dark" },
  "login-page": {
    path: "/logins/staging",
    viewport: { ...DESK, height: 815 },
    colorScheme: "light",
  },
} as const;

async function takePicture(page: Page, name: string): Promise<void> {
  const file = `${FOLDER}${name}.png`;
  if (isWriting) mkdirSync(FOLDER, { recursive: true });
  const picture = await page.screenshot(isWriting ? { path: file } : {});
  expect(picture.length).toBeGreaterThan(10_000);
  if (isWriting) expect(statSync(file).size).toBeLessThan(MOST_BYTES);
}

describe("a picture for the docs", () => {
  const open = testBrowser();

  it("shows renew-page-phone", async () => {
    const { url } = await servePage(smallKeeper(kept("bot")), { renew: smallRenew() });
    const page = await open(BLANK, { viewport: { ...PHONE, height: 640 }, colorScheme: "light" });
    await page.goto(`${url}/renew/bot/${ID}`);
    await page.getByLabel("Passphrase").fill(PHRASE);
    await page.getByRole("button").click();
    await page.getByLabel("The code").waitFor();
    await takePicture(page, "renew-page-phone");
  });

  for (const [name, { path, ...screen }] of Object.entries(SHOTS)) {
    it(`shows ${name}`, async () => {
      const { url } = await servePage(keeperOfTheNight());
      const page = await open(url + path, screen);
      await settled(page);
      if (path !== "/") await page.locator(".help details").first().waitFor();
      await takePicture(page, name);
    });
  }
});
