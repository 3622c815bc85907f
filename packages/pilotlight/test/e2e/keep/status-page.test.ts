import { expect } from "vitest";
import { testBrowser } from "../../http/page/browser.ts";
import { needs } from "../../support/needs.ts";
import { openScene } from "../support/scene.ts";
import { startKeeper } from "./a-keeper.ts";

const { describe, it } = needs("chromium");

describe("the status page of a keeper at work", () => {
  const open = testBrowser();

  it("follows a login through a renewal, its end and a new sign-in", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const keeper = await startKeeper(scene);
    const page = await open(keeper.url);
    await page.getByRole("heading", { name: /^All well\. Next renewal in / }).waitFor();
    await page.getByRole("cell", { name: "Renewed", exact: true }).waitFor();
    expect(await page.locator("ol.lanes .facts").textContent()).toContain("proved");

    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    await page.getByRole("heading", { name: "The login needs you." }).waitFor();
    expect(await page.locator(".banner code").textContent()).toBe("pilotlight login");
    await page.getByRole("link", { name: "default: login_ended" }).click();
    await page.getByRole("heading", { name: /^default: login ended, open/ }).waitFor();
    await page.getByText("A login ends about thirty days after the sign-in").waitFor();

    scene.write(scene.sandbox.signIn());
    await page.getByRole("link", { name: "default" }).click();
    await page.getByRole("heading", { name: /^default: all well\./ }).waitFor();
    expect(await page.content()).not.toContain("sk-ant-");
    await page.close();
    expect(await keeper.end()).toMatchObject({ code: 0 });
  });
});
