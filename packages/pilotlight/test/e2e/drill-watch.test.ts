import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { HealthReport } from "../../src/http/answers/health.ts";
import type { HistoryReport } from "../../src/http/answers/history.ts";
import { axe, BLANK, DESK, PHONE, settled, testBrowser } from "../http/page/browser.ts";
import { needs } from "../support/needs.ts";
import { drillPlace } from "./support/a-drill.ts";
import { until } from "./support/expectations.ts";
import { processesUnder } from "./support/processes.ts";

const { describe, it } = needs("chromium", "linux");
const PICTURES = fileURLToPath(new URL("../../../../docs/images/", import.meta.url));
const PATIENCE = 400_000;

/** Only then are the pictures of the docs written: fonts differ from machine to machine. */
const isWriting = process.env["PILOTLIGHT_SCREENSHOTS"] === "1";
const MOST_BYTES = 150_000;

/** A few of its hours, but for the pictures. */
const NIGHT = isWriting ? [] : ["--short"];

/** Starts a drill to look at, alone in a folder of its own. */
async function startDrill(...flags: readonly string[]) {
  const { temp, start } = drillPlace();
  const { child, said, ended } = start(["--watch", ...flags]);
  let isOver = false;
  void ended.then(() => (isOver = true));
  const found = () => /http:\/\/127\.0\.0\.1:\d+/.exec(said())?.[0];
  await until("where it can be seen", () => isOver || found() !== undefined);
  const place = found();
  if (place === undefined) throw new Error(`it ended before it said where: ${said()}`);
  return { child, temp, place, ended };
}

/** What the drill's line says of hours and jobs. */
async function lineOf(page: Page) {
  const text = (await page.locator(".drill p:first-child").textContent()) ?? "";
  const [, hour] = /Hour ([\d.]+) of/.exec(text) ?? [];
  const [, jobs] = /(\d+) of \d+ jobs have ended/.exec(text) ?? [];
  return { text, hour: Number(hour), jobs: Number(jobs) };
}

/** How many marks a layer of the login's lane has. */
async function marks(page: Page, layer: string): Promise<number> {
  const drawn = await page.locator(`ol.lanes path.${layer}`).getAttribute("d");
  return (drawn ?? "").split("M").length - 1;
}

/** The column of `2.1.329 with` in the table that is printed. */
function printed(stdout: string, row: string): number {
  return Number(new RegExp(`^${row} +(\\d+)`, "m").exec(stdout)?.[1]);
}

async function ask<Report>(url: string): Promise<Report> {
  return (await (await fetch(url)).json()) as Report;
}

describe("a drill in a browser", () => {
  const open = testBrowser();

  it(
    "shows the night on the real page as it goes, stays at its end, and clears everything away by Ctrl-C",
    async () => {
      const { child, temp, place, ended } = await startDrill(...NIGHT);
      const page = await open(BLANK, { bypassCSP: true, viewport: { ...DESK, height: 880 } });
      await page.goto(place);
      const line = page.locator(".drill");
      await expect.poll(() => line.textContent()).toContain("Nothing here is real");

      // It goes on by itself: other hours, more jobs, tokens that come, failures with their incidents.
      await expect.poll(async () => (await lineOf(page)).hour, { timeout: 60_000 }).toBe(0);
      await page.getByText("all well").first().waitFor({ timeout: 60_000 });
      const links = page.locator(".incidents a");
      expect(await links.count()).toBe(0);
      expect(await page.locator(".spans [aria-pressed=true]").textContent()).toBe("the night");
      await expect
        .poll(async () => (await lineOf(page)).hour, { timeout: 120_000 })
        .toBeGreaterThan(12);
      await expect.poll(() => marks(page, "renewal"), { timeout: 60_000 }).toBeGreaterThan(0);
      await links.filter({ hasText: "throttled" }).first().waitFor({ timeout: 120_000 });
      expect((await lineOf(page)).hour).toBeLessThan(60);
      const early = await lineOf(page);
      expect(early.jobs).toBeGreaterThan(1);
      const jobsDrawn = await marks(page, "job");
      await expect
        .poll(async () => (await lineOf(page)).hour, { timeout: 200_000 })
        .toBeGreaterThan(86);
      expect((await lineOf(page)).jobs).toBeGreaterThan(early.jobs);
      expect(await marks(page, "job")).toBeGreaterThan(jobsDrawn);

      await line.getByText("The night is over").waitFor({ timeout: 120_000 });
      const over = (await lineOf(page)).text;
      const words =
        /: (\d+) hours, (\d+) jobs, (\d+) succeeded\.(?: Of the \d+, (\d+) left no line)?/;
      const [, hours, jobs, succeeded, unwritten = "0"] = words.exec(over) ?? [];
      expect(over).toMatch(/Without Pilotlight: \d+ succeeded, [1-9]\d* failed silently, and/);

      // What the page shows is what was played: every job that could be written down, by its end.
      const { entries } = await ask<HistoryReport>(`${place}/api/v1/history?since=7d&limit=1000`);
      const runs = entries.filter(({ kind }) => kind === "run");
      expect(runs).toHaveLength(Number(jobs) - Number(unwritten));
      const well = runs.filter(({ code }) => code === "ok").length;
      expect(Number(succeeded) - well).toBeLessThanOrEqual(Number(unwritten));
      expect(Number(succeeded)).toBeGreaterThanOrEqual(well);
      const first = Math.min(...entries.map((entry) => Date.parse(entry.at ?? "")));
      const last = Math.max(...entries.map((entry) => Date.parse(entry.at ?? "")));
      expect(Math.round((last - first) / 3_600_000)).toBe(Number(hours));

      await settled(page);
      await page.getByRole("cell", { name: "Job succeeded" }).first().waitFor();
      await expect
        .poll(async () => (await marks(page, "renewal")) > 1 && (await marks(page, "job")) > 5)
        .toBe(true);
      expect((await axe(page)).violations).toEqual([]);
      const now = await ask<HealthReport>(`${place}/api/v1/health`);
      expect(now).toMatchObject({ health: "ok", drill: { state: "over" } });
      expect(JSON.stringify([now, entries])).not.toContain("sk-ant-");

      // Every trouble that the night brought is over, but for what only jobs met.
      await expect.poll(() => links.allTextContents()).toContain("default: throttled");
      expect(now.logins).toMatchObject([{ trouble: null, phase: "fresh" }]);
      if (isWriting) {
        await takePicture(page, "drill-page");
        const phone = await open(place, {
          viewport: { ...PHONE, height: 1230 },
          colorScheme: "dark",
        });
        await settled(phone);
        await takePicture(phone, "drill-page-phone");
        await phone.close();
      }
      // An incident leads to how it went, and to the help on it.
      await links.filter({ hasText: "throttled" }).first().click();
      await page.locator(".help details").first().waitFor();
      expect(await line.textContent()).toContain("The night is over");
      expect((await axe(page)).violations).toEqual([]);

      await page.close();
      child.kill("SIGINT");
      const { signal, stdout, stderr } = await ended;
      expect(signal).toBe("SIGINT");
      expect(stdout.startsWith(`The night on the status page: ${place}/\n`)).toBe(true);
      expect(stdout).not.toContain("2.1.104");
      expect(printed(stdout, "jobs")).toBe(Number(jobs));
      expect(printed(stdout, "succeeded")).toBe(Number(succeeded));
      expect(stderr).not.toMatch(/Broken off|pilotlight: /);
      expect(readdirSync(temp)).toEqual([]);
      expect(processesUnder(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    "clears everything away when it is interrupted in the night, and leaves stdout empty",
    async () => {
      const { child, temp, place, ended } = await startDrill("--short", "--json");
      const page = await open(place, { expected: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE/ });
      await expect.poll(async () => (await lineOf(page)).jobs, { timeout: 60_000 }).toBe(1);
      expect(readdirSync(temp)).not.toEqual([]);
      child.kill("SIGINT");
      const { code, signal, stdout, stderr } = await ended;
      expect([code, signal, stdout]).toEqual([null, "SIGINT", ""]);
      expect(stderr).toMatch(/^The night on the status page: http/);
      expect(readdirSync(temp)).toEqual([]);
      expect(processesUnder(temp)).toEqual([]);
      await expect.poll(() => page.locator(".top .link").textContent()).toMatch(/^No connection/);
    },
    PATIENCE,
  );
});

async function takePicture(page: Page, name: string): Promise<void> {
  const path = `${PICTURES}${name}.png`;
  await page.screenshot({ path });
  expect(statSync(path).size).toBeLessThan(MOST_BYTES);
}
