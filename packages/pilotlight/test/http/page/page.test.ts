import { expect } from "vitest";
import { needs } from "../../support/needs.ts";
import { HOUR, kept, NOW, smallKeeper } from "../small-keeper.ts";
import { endedLogin, keeperOfTheNight, row, throttledLogin, WEEK, wellLogin } from "./a-night.ts";
import { axe, DESK, isTooWide, PHONE, servePage, settled, testBrowser } from "./browser.ts";

const { describe, it } = needs("chromium");
const INCIDENT = `/incidents/reports-${NOW - 52 * 60_000}`;
const PAGES = ["/", "/logins/staging", "/logins/reports", INCIDENT];

describe("the status page in a browser", () => {
  const open = testBrowser();

  it("says in one sentence that all is well", async () => {
    const { url } = await servePage(smallKeeper(wellLogin("default")));
    const page = await open(url);
    await expect
      .poll(() => page.locator("h1").textContent())
      .toBe("All well. Next renewal in 3 h 48 min.");
    expect(await page.title()).toBe("Pilotlight");
    expect(await page.locator(".move:visible").count()).toBe(0);
  });

  it("says who is needed, for what, and what to type", async () => {
    const { url } = await servePage(keeperOfTheNight());
    const page = await open(url, { permissions: ["clipboard-read", "clipboard-write"] });
    await settled(page);
    expect(await page.locator("h1").textContent()).toBe("1 of 3 logins needs you: staging.");
    expect(await page.title()).toBe("1 needs you – Pilotlight");
    const command = "pilotlight login --login staging";
    expect(await page.locator(".banner code").textContent()).toBe(command);
    await page.locator(".banner .copy").click();
    await page.getByText("Copied", { exact: true }).waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(command);
    const moves = await page.locator(".moves .whose").allTextContents();
    expect(moves).toEqual(["Your move", "Nobody's move: it can pass by itself"]);
  });

  it("shows each login as a lane, with its countdowns and its proof", async () => {
    const { url } = await servePage(keeperOfTheNight());
    const page = await open(url);
    await settled(page);
    const lanes = page.locator("ol.lanes > li");
    expect(await lanes.locator(".id a").allTextContents()).toEqual([
      "staging",
      "reports",
      "default",
    ]);
    const facts = await lanes.nth(2).locator("dd").allTextContents();
    expect(facts).toEqual([expect.stringMatching(/^5:4[78]:/), "24 d 23 h", "proved 20 min ago"]);
    expect(await lanes.nth(0).locator(".facts").textContent()).toContain("refuted");
    const label = await lanes.nth(1).locator("svg").getAttribute("aria-label");
    expect(label).toContain(
      "reports: 4 renewals, 4 failures, 1 failed jobs; the access token ends in 1 h 2",
    );
    for (const part of ["life", "ahead", "renewal", "failure", "next", "now"]) {
      expect(await lanes.nth(1).locator(`path.${part}`).getAttribute("d")).not.toBe("");
    }
    expect(await lanes.nth(0).locator("path.gap").getAttribute("d")).toMatch(/^M/);
    expect(await page.locator("time").first().getAttribute("title")).toMatch(
      /^2026-11-2\d .* UTC$/,
    );
  });

  it("shows more of the past when asked", async () => {
    const { url } = await servePage(keeperOfTheNight());
    const page = await open(url);
    await settled(page);
    const renewals = page.locator("ol.lanes > li").nth(2).locator("path.renewal");
    const marks = async () => (await renewals.getAttribute("d"))?.split("M").length ?? 0;
    expect(await marks()).toBe(5);
    await page.getByRole("button", { name: "7 days" }).click();
    await expect.poll(marks).toBe(29);
    expect(await page.getByRole("button", { name: "7 days" }).getAttribute("aria-pressed")).toBe(
      "true",
    );
  });

  it("ticks", async () => {
    const { url } = await servePage(smallKeeper(wellLogin("default")));
    const page = await open(url);
    const left = page.locator("ol.lanes time").first();
    const before = await left.textContent();
    await expect.poll(() => left.textContent(), { timeout: 5000 }).not.toBe(before);
  });

  it("changes in place when something happens, and tells those who listen", async () => {
    const keeper = smallKeeper(wellLogin("default"), wellLogin("reports"));
    keeper.rows = () => [];
    const { url } = await servePage(keeper);
    const page = await open(url);
    await page.getByText("All well.").first().waitFor();
    await page.evaluate("window.first = document.querySelector('ol.lanes > li')");
    keeper.known = [wellLogin("default"), endedLogin("reports")];
    keeper.rows = () => [row(1000, "reports", { code: "login_ended", detail: "invalid_grant" })];
    keeper.change();
    await page.getByRole("heading", { name: "1 of 2 logins needs you: reports." }).waitFor();
    expect(await page.locator("[aria-live=polite]").textContent()).toBe(
      "1 of 2 logins needs you: reports.",
    );
    await page.getByRole("cell", { name: "Renewal: login ended" }).waitFor();
    expect(await page.evaluate("window.first.isConnected")).toBe(true);
    keeper.known = [wellLogin("default"), wellLogin("reports", 0)];
    keeper.change();
    await page.getByRole("heading", { name: /^All well/ }).waitFor();
    expect(await page.locator(".move:visible").count()).toBe(0);
  });

  it("says that it is old while nobody answers, and goes on by itself", async () => {
    const keeper = smallKeeper(wellLogin("default"));
    const first = await servePage(keeper);
    const page = await open(first.url, {
      expected: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/,
    });
    const state = page.locator(".top .link");
    await expect.poll(() => state.textContent()).toBe("Live");
    await first.stop();
    await expect
      .poll(() => state.textContent(), { timeout: 10_000 })
      .toMatch(/^No connection, as of .* ago; trying again$/);
    expect(await page.locator("[aria-live=polite]").textContent()).toContain(
      "The connection is lost",
    );
    keeper.known = [endedLogin("default")];
    await servePage(keeper, { port: Number(new URL(first.url).port) });
    await page.getByRole("heading", { name: "The login needs you." }).waitFor({ timeout: 15_000 });
    await expect.poll(() => state.textContent(), { timeout: 10_000 }).toMatch(/^Live/);
  });

  it("goes on by asking when too many listen", async () => {
    const { url } = await servePage(smallKeeper(wellLogin("default")), { events: { most: 0 } });
    const page = await open(url, { expected: /503/ });
    await page.getByRole("heading", { name: /^All well/ }).waitFor();
    expect(await page.locator(".top .link").textContent()).toBe("Live, asked every few seconds");
  });

  it("takes nobody's words for markup", async () => {
    const evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    const login = throttledLogin("reports");
    const trouble = { code: "throttled", detail: evil, since: NOW - HOUR, failures: 1 } as const;
    const keeper = smallKeeper({ ...login, trouble });
    keeper.rows = () => [row(1000, evil, { code: evil, detail: evil })];
    const { url } = await servePage(keeper);
    for (const path of ["/", "/logins/reports"]) {
      const page = await open(url + path);
      await settled(page);
      expect(await page.locator("body").innerText()).toContain(evil);
      expect(await page.locator("img, body script").count()).toBe(0);
    }
  });

  it("has a page per login, with the help beside it", async () => {
    const { url } = await servePage(keeperOfTheNight());
    const page = await open(`${url}/`);
    await page.locator("ol.lanes").getByRole("link", { name: "staging" }).click();
    await page.getByRole("heading", { name: "staging: the login needs you." }).waitFor();
    const help = page.getByRole("complementary", { name: "Help" });
    await help.getByText("A login ends about thirty days after the sign-in").waitFor();
    expect(await page.locator(".known").textContent()).toContain(
      "/srv/staging/.claude/.credentials.json",
    );
    expect(await page.locator(".history tbody tr").count()).toBe(12);
    await page.getByRole("button", { name: "Show more" }).click();
    const own = WEEK.filter(({ login }) => login === "staging").length;
    await expect
      .poll(() => page.locator(".history tbody tr").count())
      .toBeGreaterThan(Math.min(own, 30) - 5);
  });

  it("has a page per incident, with the help beside it", async () => {
    const { url } = await servePage(keeperOfTheNight());
    const page = await open(`${url}/`);
    await page.getByRole("link", { name: "reports: throttled" }).click();
    await page.getByRole("heading", { name: "reports: throttled, open, 4 times." }).waitFor();
    expect(new URL(page.url()).pathname).toBe(INCIDENT);
    await page.getByText("Too many refreshes from this login or address").waitFor();
    expect(await page.locator(".history tbody tr").count()).toBe(4);
  });

  it("says so where there is no such login or incident", async () => {
    const { url } = await servePage(smallKeeper(kept("bot")));
    const page = await open(`${url}/logins/nobody`, { expected: /404/ });
    await page.getByRole("heading", { name: "There is no login named nobody." }).waitFor();
    const other = await open(`${url}/incidents/bot-1`);
    await other
      .getByRole("heading", { name: "Nothing is written down of this incident of bot." })
      .waitFor();
  });

  it("can be used by keyboard alone", async () => {
    const { url } = await servePage(keeperOfTheNight());
    const page = await open(url);
    await settled(page);
    const reached: unknown[] = [];
    for (let presses = 0; presses < 14; presses += 1) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
        ),
      );
    }
    expect(reached.slice(0, 2)).toEqual(["Skip to the state of the logins", "Pilotlight"]);
    expect(reached).toEqual(expect.arrayContaining(["24 h", "7 days", "staging", "reports"]));
    expect(
      reached.some((name) => String(name).startsWith("Copy the command pilotlight login")),
    ).toBe(true);
  });

  for (const [screen, viewport] of Object.entries({ phone: PHONE, desk: DESK })) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`keeps nobody out and fits on a ${screen}, ${colorScheme}`, async () => {
        const { url } = await servePage(keeperOfTheNight());
        for (const path of PAGES) {
          const page = await open(url + path, { viewport, colorScheme, bypassCSP: true });
          await settled(page);
          expect([path, await isTooWide(page)]).toEqual([path, false]);
          const { violations, passes } = await axe(page);
          expect([path, violations.map(({ id }) => id)]).toEqual([path, []]);
          expect(passes.length).toBeGreaterThan(20);
        }
      });
    }
  }
});
