import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import type { HealthReport } from "../../src/http/answers/health.ts";
import type { HistoryReport } from "../../src/http/answers/history.ts";
import { axe, BLANK, DESK, PHONE, settled, testBrowser } from "../http/page/browser.ts";
import { needs } from "../support/needs.ts";
import { endProcessesUnder, processesUnder } from "./support/processes.ts";

const { describe, it } = needs("chromium", "linux");
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BIN = at("../../bin/pilotlight.mjs");
const PICTURES = at("../../../../docs/images/");
const PATIENCE = 400_000;

/** Only then are the pictures of the docs written: fonts differ from machine to machine. */
const isWriting = process.env["PILOTLIGHT_SCREENSHOTS"] === "1";
const MOST_BYTES = 150_000;

interface Drill {
  readonly child: ChildProcess;
  readonly temp: string;
  /** Where the page is, as soon as it says so. */
  readonly url: Promise<string>;
  readonly ended: Promise<{ code: unknown; signal: unknown; stdout: string; stderr: string }>;
}

/** Starts a drill to look at, alone in a folder of its own. */
function startDrill(...flags: readonly string[]): Drill {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  const [home, temp] = [join(root, "home"), join(root, "temp")];
  for (const folder of [home, temp]) mkdirSync(folder);
  const child = spawn(process.execPath, [BIN, "drill", "--watch", ...flags], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: temp },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  const url = Promise.withResolvers<string>();
  const look = () => {
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout + stderr)?.[0];
    if (found !== undefined) url.resolve(found);
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    look();
  });
  const ended = once(child, "close").then(([code, signal]: unknown[]) => {
    url.reject(new Error(`it ended before it said where: ${stderr}`));
    return { code, signal, stdout, stderr };
  });
  url.promise.catch(() => undefined);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await endProcessesUnder(root);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  return { child, temp, url: url.promise, ended };
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
      const { child, temp, url, ended } = startDrill();
      const place = await url;
      const page = await open(BLANK, { bypassCSP: true, viewport: { ...DESK, height: 880 } });
      await page.goto(place);
      const line = page.locator(".drill");
      await expect.poll(() => line.textContent()).toContain("Nothing here is real");

      // It goes on by itself: other hours, more jobs, tokens that come, failures with their incidents.
      await expect.poll(async () => (await lineOf(page)).hour, { timeout: 60_000 }).toBe(0);
      await page.getByText("all well").first().waitFor({ timeout: 60_000 });
      expect(await page.locator(".spans [aria-pressed=true]").textContent()).toBe("the night");
      await expect
        .poll(async () => (await lineOf(page)).hour, { timeout: 120_000 })
        .toBeGreaterThan(12);
      await expect.poll(() => marks(page, "renewal"), { timeout: 60_000 }).toBeGreaterThan(0);
      const links = page.locator(".incidents a");
      await links.filter({ hasText: "throttled" }).first().waitFor({ timeout: 120_000 });
      expect((await lineOf(page)).hour).toBeLessThan(60);
      const incidents = await links.count();
      const early = await lineOf(page);
      expect(early.jobs).toBeGreaterThan(1);
      const jobsDrawn = await marks(page, "job");
      await expect
        .poll(async () => (await lineOf(page)).hour, { timeout: 200_000 })
        .toBeGreaterThan(86);
      expect((await lineOf(page)).jobs).toBeGreaterThan(early.jobs);
      expect(await marks(page, "job")).toBeGreaterThan(jobsDrawn);
      expect(await links.count()).toBeGreaterThan(incidents);

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
      await expect.poll(() => links.allTextContents()).toContain("default: store_read_only");
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
      const { child, temp, url, ended } = startDrill("--short", "--json");
      const place = await url;
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
