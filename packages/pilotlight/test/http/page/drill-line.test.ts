import { describe as plain, expect, it as plainly } from "vitest";
import type { DrillNote } from "../../../src/http/drill-note.ts";
import type { KeepView } from "../../../src/http/keep-view.ts";
import { drillWords } from "../../../src/http/page/facts/drill-words.ts";
import { needs } from "../../support/needs.ts";
import { faceOf, HOUR, NOW, type SmallKeeper, smallKeeper } from "../small-keeper.ts";
import { endedLogin, row, wellLogin } from "./a-night.ts";
import { axe, BLANK, isTooWide, PHONE, servePage, settled, testBrowser } from "./browser.ts";

const { describe, it } = needs("chromium");

const NIGHT: DrillNote = {
  state: "playing",
  startsAt: new Date(NOW - 21.5 * HOUR).toISOString(),
  endsAt: new Date(NOW + 75.5 * HOUR).toISOString(),
  hour: 21.5,
  hours: 97,
  what: "the token endpoint throttles (429)",
  jobs: { ended: 9, succeeded: 9, unwritten: 0, all: 45 },
  without: null,
};
const WITHOUT = { succeeded: 32, silentFailures: 13, lostLogins: 4 };
const PLAYING =
  "Hour 21.5 of 97: the token endpoint throttles (429). 9 of 45 jobs have ended, 9 succeeded.";

/** A drill whose keeper-shaped half is set by hand. */
function aDrill(note: DrillNote): {
  view: KeepView;
  keeper: SmallKeeper;
  say(next: DrillNote): void;
} {
  const keeper = smallKeeper(wellLogin("default"));
  keeper.rows = () => [row(20 * HOUR, "default", {}), row(2 * HOUR, "default", {})];
  let told = note;
  return {
    keeper,
    view: { ...keeper, logins: () => keeper.known, drill: () => told },
    say(next) {
      told = next;
      keeper.change();
    },
  };
}

plain("what a drill says of itself", () => {
  const jobs = { ended: 45, succeeded: 43, unwritten: 2, all: 45 };
  plainly.each<[string, Partial<DrillNote>, string]>([
    ["before it begins", { state: "waiting" }, "The night begins in a moment."],
    ["in an hour", {}, PLAYING],
    [
      "where jobs left no line",
      { jobs: { ...NIGHT.jobs, unwritten: 1 } },
      `${PLAYING} Of the 9, 1 left no line in the history.`,
    ],
    [
      "at the end",
      { state: "over", jobs },
      "The night is over: 97 hours, 45 jobs, 43 succeeded. Of the 45, 2 left no line in the history.",
    ],
    [
      "beside the night without Pilotlight",
      { state: "over", jobs: { ...jobs, unwritten: 0 }, without: WITHOUT },
      "The night is over: 97 hours, 45 jobs, 43 succeeded. Without Pilotlight: 32 succeeded, 13 failed silently, and the login was lost 4 times.",
    ],
    [
      "where it was lost once",
      {
        state: "over",
        jobs: { ...jobs, unwritten: 0 },
        without: { ...WITHOUT, lostLogins: 1 },
      },
      "The night is over: 97 hours, 45 jobs, 43 succeeded. Without Pilotlight: 32 succeeded, 13 failed silently, and the login was lost once.",
    ],
  ])("%s", (_, changes, words) => {
    expect(drillWords({ ...NIGHT, ...changes })).toBe(words);
  });
});

plain("a health report", () => {
  plainly("holds a drill only where there is one", async () => {
    const drill = faceOf(aDrill(NIGHT).view);
    const keeper = faceOf(smallKeeper(wellLogin("default")));
    expect(await (await drill("/api/v1/health")).json()).toMatchObject({ drill: NIGHT });
    expect(await (await keeper("/api/v1/health")).json()).not.toHaveProperty("drill");
    expect(await (await drill("/")).text()).toContain(" in a drill, with an invented login: ok\n");
    expect(await (await keeper("/")).text()).toMatch(/^Pilotlight 1\.2\.3: ok\n/);
  });
});

describe("the page of a drill", () => {
  const open = testBrowser();
  const line = ".drill p:first-child";

  it("says above everything what is played, and that nothing is real", async () => {
    const { view, say } = aDrill(NIGHT);
    const { url } = await servePage(view);
    for (const path of ["/", "/logins/default"]) {
      const page = await open(url + path);
      await settled(page);
      expect(await page.locator(line).textContent()).toBe(`Drill ${PLAYING}`);
      expect(await page.locator(".drill").textContent()).toContain("Nothing here is real");
      expect(await page.title()).toMatch(/^Drill: /);
      expect(await page.evaluate(`document.querySelector(".drill + main") !== null`)).toBe(true);
    }
    const page = await open(url);
    say({ ...NIGHT, hour: 22, what: "the throttling is over" });
    await page.getByText("Hour 22 of 97: the throttling is over.").waitFor();
    expect(await page.locator("[aria-live=polite]").textContent()).not.toContain("Hour");
    say({ ...NIGHT, state: "over", without: WITHOUT });
    await page.getByText("Drill The night is over: 97 hours").waitFor();
    expect(await page.locator("[aria-live=polite]").textContent()).toContain("The night is over");
    expect(await page.title()).toBe("Drill: Pilotlight");
  });

  it("is not that of a keeper", async () => {
    const { url } = await servePage(smallKeeper(wellLogin("default")));
    const page = await open(url);
    await settled(page);
    expect(await page.locator(".drill").count()).toBe(0);
    expect(await page.title()).toBe("Pilotlight");
    expect(await page.locator(".spans button").allTextContents()).toEqual([
      "24 h",
      "7 days",
      "30 days",
    ]);
    expect(await page.locator("body").textContent()).not.toMatch(/drill/i);
  });

  it("shows the whole night, along which it goes, and other times when asked", async () => {
    const { view } = aDrill(NIGHT);
    const { url } = await servePage(view);
    const page = await open(url);
    await settled(page);
    const pressed = page.locator(".spans [aria-pressed=true]");
    expect(await pressed.allTextContents()).toEqual(["the night"]);
    const now = page.locator("ol.lanes path.now");
    const place = async () => {
      const width = Number((await page.locator("svg.lane").getAttribute("viewBox"))?.split(" ")[2]);
      return Number(/^M([\d.]+)/.exec((await now.getAttribute("d")) ?? "")?.[1]) / width;
    };
    // The night stands between 2 % before its begin and 10 % after its end.
    await expect.poll(place).toBeCloseTo((21.5 / 97 + 0.02) / 1.12, 2);
    const marks = () => page.locator("ol.lanes path.renewal").getAttribute("d");
    await expect.poll(async () => (await marks())?.split("M").length).toBe(3);
    await page.getByRole("button", { name: "24 h" }).click();
    await expect.poll(place).toBeCloseTo(24 / 36, 2);
    expect(await pressed.allTextContents()).toEqual(["24 h"]);
    await page.getByRole("button", { name: "the night" }).click();
    await expect.poll(place).toBeCloseTo((21.5 / 97 + 0.02) / 1.12, 2);
  });

  it("offers no night before it has begun", async () => {
    const waiting = { ...NIGHT, state: "waiting", startsAt: null, endsAt: null } as const;
    const { view, say } = aDrill(waiting);
    const { url } = await servePage(view);
    const page = await open(url);
    await page.getByText("The night begins in a moment.").waitFor();
    expect(await page.locator(".spans button").count()).toBe(3);
    say(NIGHT);
    await page.getByRole("button", { name: "the night" }).waitFor();
  });

  it("asks for what was written down as soon as it hears of another hour", async () => {
    const { view, keeper, say } = aDrill(NIGHT);
    const { url } = await servePage(view);
    const page = await open(url);
    await settled(page);
    const job = row(1000, "default", { kind: "run", code: "ok", exit: 0 });
    keeper.rows = () => [job];
    say({ ...NIGHT, hour: 22 });
    await page.getByRole("cell", { name: "Job succeeded" }).waitFor();
  });

  it("keeps nobody out, on a phone in the dark as on a desk", async () => {
    const { view, keeper } = aDrill(NIGHT);
    keeper.known = [endedLogin("default")];
    const { url } = await servePage(view);
    for (const screen of [{}, { viewport: PHONE, colorScheme: "dark" as const }]) {
      const page = await open(BLANK, { bypassCSP: true, ...screen });
      await page.goto(url);
      await settled(page);
      const { violations, passes } = await axe(page);
      expect(violations).toEqual([]);
      expect(passes.length).toBeGreaterThan(10);
      expect(await isTooWide(page)).toBe(false);
    }
  });
});
