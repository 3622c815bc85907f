import { execFileSync } from "node:child_process";
import axeCore from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { keepFace, type KeepFaceOptions } from "../../../src/http/keep-face.ts";
import type { KeepView } from "../../../src/http/keep-view.ts";
import { serveKeep, type Serving } from "../../../src/http/serve-keep.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { TOKEN } from "../small-keeper.ts";

/** A page to prepare before it is led somewhere. */
export const BLANK = "about:blank";
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1440, height: 900 };

export interface Served {
  readonly url: string;
  /** Ends it before the test does. */
  stop(): Promise<void>;
}

/** Serves a keeper on a free port, or on a given one, until the test is over. */
export async function servePage(
  view: KeepView,
  { port = 0, ...options }: Partial<KeepFaceOptions> & { readonly port?: number } = {},
): Promise<Served> {
  let serving: Serving | undefined;
  const ending = new AbortController();
  const face = keepFace(view, {
    address: () => ({ host: "127.0.0.1", port: serving?.port ?? 0 }),
    token: new Secret(TOKEN),
    events: { pause: 50 },
    signal: ending.signal,
    ...options,
  });
  serving = await serveKeep(face, { host: "127.0.0.1", port });
  const { close } = serving;
  const stop = () => {
    ending.abort();
    return close();
  };
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${serving.port}`, stop };
}

export interface OpenOptions extends BrowserContextOptions {
  /** Errors of the console that belong to the test. */
  readonly expected?: RegExp;
}

/** A real Chromium for the tests of a file. */
export function testBrowser(): (url: string, options?: OpenOptions) => Promise<Page> {
  let browser: Browser;
  const home = isolatedHome();
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: execFileSync("sh", ["-c", "command -v chromium"], {
        encoding: "utf8",
      }).trim(),
      // Root has no sandbox of Chromium's to be in; what is opened is our own page.
      args: ["--no-sandbox", "--disable-gpu", "--disable-lcd-text"],
      env: { ...home.env, PATH: process.env["PATH"] ?? "" },
    });
  });
  afterAll(async () => {
    await browser.close();
    home.cleanup();
  });
  return async (url, { expected, ...options } = {}) => {
    const context = await browser.newContext({
      viewport: DESK,
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
      ...options,
    });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    onTestFinished(async () => {
      await context.close();
      expect(complaints.filter((text) => expected?.test(text) !== true)).toEqual([]);
    });
    await page.goto(url);
    if (url !== BLANK) await page.locator("body[data-shown]").waitFor({ state: "attached" });
    return page;
  };
}

/** Errors of the console and of scripts, and whatever is asked for elsewhere. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    const type = message.type();
    if (type === "error" || type === "warning") complaints.push(`${type}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== "data:" && hostname !== "127.0.0.1") complaints.push(`asks ${request.url()}`);
  });
  return complaints;
}

/** Waits until the history is shown, too. */
export async function settled(page: Page): Promise<void> {
  await page.locator('body[data-shown]:not([data-shown="0"])').waitFor({ state: "attached" });
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))");
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly object[] }[];
  readonly passes: readonly unknown[];
}

/** Looks for what keeps people out. The page must have been opened with `bypassCSP`. */
export async function axe(page: Page): Promise<AxeResult> {
  await page.evaluate(axeCore.source);
  return page.evaluate<AxeResult>("axe.run()");
}

/** Whether something is wider than the screen. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );
}
