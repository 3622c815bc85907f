import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { axe, BLANK, isTooWide, PHONE, testBrowser } from "../../http/page/browser.ts";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { httpReceiver } from "../../notify/http-receiver.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { freePort } from "../../support/free-port.ts";
import { needs } from "../../support/needs.ts";
import { noteMint } from "../login/a-mint.ts";
import { startSignIn } from "../login/a-sign-in.ts";
import { expectLivingPair, livePair, until } from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { type KeeperProcess, startKeeper } from "./a-keeper.ts";

const PHRASE = "TEST correct horse battery staple";
const TWO_DAYS = 2 * 24 * 3600;
const ACCOUNT = "person@sandbox.invalid in Sandbox";

interface Night {
  readonly scene: Scene;
  readonly keeper: KeeperProcess;
  /** The address that came with the alert. */
  readonly link: string;
}

/** A keeper whose login ends in two days, and the alert that says so. */
async function alerted(build: ClaudeBuild): Promise<Night> {
  const scene = await openScene({ build, sandbox: { loginLife: TWO_DAYS } });
  scene.write({ ...scene.sandbox.signIn(), mcpOAuth: { server: { accessToken: "TEST-mcp" } } });
  return watched(scene, "default");
}

/** Starts a keeper and waits for its word that a login ends. */
async function watched(scene: Scene, login: string, config = ""): Promise<Night> {
  const server = await httpReceiver();
  const folder = join(scene.home.env["XDG_CONFIG_HOME"] ?? "", "pilotlight");
  mkdirSync(folder, { recursive: true });
  const phrase = join(folder, "passphrase");
  writeFileSync(phrase, `${PHRASE}\n`, { mode: 0o600 });
  const text = `[keep]
passphrase_file = "${phrase}"
[notify.hook]
type = "webhook"
url = "${server.url}"
secret = "TEST-signing-key"
${config}`;
  writeFileSync(join(folder, "config.toml"), text, { mode: 0o600 });
  const keeper = await startKeeper(scene, {
    args: ["--listen", `127.0.0.1:${await freePort()}`],
  });
  await until("the alert", () => server.received.length > 0);
  const [first] = server.received;
  const alert = JSON.parse(first?.body ?? "") as { kind: string; renewUrl: string };
  expect(alert.kind).toBe("login_ends");
  expect(alert.renewUrl.startsWith(`${keeper.url}/renew/${login}/`)).toBe(true);
  return { scene, keeper, link: alert.renewUrl };
}

/** What a person does on a phone, counted. */
function hand() {
  const count = { taps: 0, pastes: 0 };
  return {
    count,
    async tap(target: Locator) {
      count.taps += 1;
      await target.tap();
    },
    async paste(page: Page, target: Locator, text: string) {
      count.pastes += 1;
      await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
      await target.focus();
      await page.keyboard.press("Control+V");
    },
  };
}

/** Anthropic's own pages are played by the sandbox. */
async function leadToSandbox(context: BrowserContext, { sandbox }: Scene): Promise<void> {
  await context.route(/^https:/, (route) => {
    const location = sandbox.authorizeUrl(route.request().url());
    return route.fulfill({ status: 302, headers: { location } });
  });
}

/** What the person does there, which is not ours to count. */
async function agree(page: Page, account: string): Promise<string> {
  await page.getByRole("link", { name: account }).click();
  await page.getByRole("button", { name: "Agree" }).click();
  return (await page.locator("#code").textContent()) ?? "";
}

/** Opens the page and its sign-in, with as little as it takes. */
async function begun(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Passphrase").fill(PHRASE);
  await page.getByRole("button", { name: "Sign in again" }).click();
  await page.getByRole("link", { name: "Open Anthropic's page" }).waitFor();
}

const codeFor = async (page: Page, { sandbox }: Scene) =>
  sandbox.issueCode((await page.locator("#link").getAttribute("href")) ?? "");

needs("chromium").describe("the renew page of a keeper", () => {
  const open = testBrowser();
  const phone = {
    viewport: PHONE,
    hasTouch: true,
    isMobile: true,
    bypassCSP: true,
    permissions: ["clipboard-read", "clipboard-write"],
  };

  claudeTest(
    "2.1.329",
    "takes a person from the alert to a proved login with three taps and one paste",
    async (build) => {
      const { scene, keeper, link } = await alerted(build);
      const before = livePair(scene);
      const page = await open(BLANK, phone);
      await leadToSandbox(page.context(), scene);
      await page.setContent(`<a id="alert" href="${link}">Renew this login</a>`);
      const { count, tap, paste } = hand();

      await tap(page.locator("#alert"));
      await page.getByLabel("Passphrase").waitFor();
      expect(await page.locator("main").textContent()).toContain("This login ends in 1 d 23 h, on");
      expect((await axe(page)).violations).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      await page.getByLabel("Passphrase").fill(PHRASE);
      await tap(page.getByRole("button", { name: "Sign in again" }));
      const toAnthropic = page.getByRole("link", { name: "Open Anthropic's page" });
      await toAnthropic.waitFor();
      expect((await axe(page)).violations).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      const opened = page.waitForEvent("popup");
      await tap(toAnthropic);
      const theirs = await opened;
      const code = await agree(theirs, ACCOUNT);
      await theirs.close();
      // Until the code is there, the present login is untouched.
      expect(livePair(scene)).toEqual(before);
      await paste(page, page.getByLabel("The code"), code);

      await page.getByText("The new login is proved and in use").waitFor({ timeout: 60_000 });
      expect(count).toEqual({ taps: 3, pastes: 1 });
      expect((await axe(page)).violations).toEqual([]);
      expect(livePair(scene)).not.toEqual(before);
      expectLivingPair(scene);
      expect(scene.document()).toMatchObject({ mcpOAuth: { server: { accessToken: "TEST-mcp" } } });
      await keeper.healthy(({ health }) => health === "degraded" || health === "ok");
      const history = await (await keeper.get("/api/v1/history")).text();
      expect(history).toContain('"code":"signed_in"');
      expect(keeper.running.said()).toContain("default: renew page: signed in and proved");
      expect((await keeper.get(new URL(link).pathname)).status).toBe(410);
      for (const secret of [PHRASE, code.split("#")[0] ?? ""]) {
        expect(keeper.running.said() + history).not.toContain(secret);
      }
      expect((await keeper.end()).code).toBe(0);
    },
    120_000,
  );

  claudeTest("2.1.329", "says what is wrong with a code, and takes the next", async (build) => {
    const { scene, keeper, link } = await alerted(build);
    const before = scene.text();
    const page = await open(BLANK, phone);
    await begun(page, link);
    const code = await codeFor(page, scene);
    const give = async (text: string) => {
      await page.getByLabel("The code").fill(text);
      await page.getByRole("button", { name: "Prove and store it" }).click();
    };
    await give(code.slice(0, 30));
    await page.getByRole("alert").waitFor();
    await page.getByLabel("The code").waitFor();
    scene.sandbox.expireCodes();
    await give(code);
    await page.getByText("Not signed in: default").waitFor({ timeout: 60_000 });
    expect(scene.text()).toBe(before);
    expectLivingPair(scene);
    await page.getByRole("button", { name: "Begin again" }).click();
    await page.getByRole("link", { name: "Open Anthropic's page" }).waitFor();
    await give(await codeFor(page, scene));
    await page.getByText("The new login is proved and in use").waitFor({ timeout: 60_000 });
    expectLivingPair(scene);
    await keeper.end();
  });

  claudeTest(
    "2.1.329",
    "finishes without a browser what a killed keeper had begun",
    async (build) => {
      const { scene, keeper, link } = await alerted(build);
      const before = livePair(scene);
      const page = await open(BLANK, phone);
      await begun(page, link);
      // Killed between the server's answer and the store: the code has been passed on, and nobody waits for it.
      scene.sandbox.fault({ name: "token-slow", times: 1, delayMs: 1500, rotateAt: "start" });
      await page.getByLabel("The code").fill(await codeFor(page, scene));
      await page.getByRole("button", { name: "Prove and store it" }).click({ noWaitAfter: true });
      await until("the server to open a login", () => scene.sandbox.grants().codes === 1);
      keeper.running.signal("SIGKILL");
      await keeper.running.finished;
      expect(livePair(scene)).toEqual(before);
      const next = await startKeeper(scene, { args: ["--listen", new URL(keeper.url).host] });
      await page.goto(link);
      await page.getByLabel("Passphrase").fill(PHRASE);
      await page.getByRole("button", { name: "Sign in again" }).click();
      await page.getByText("The new login is proved and in use").waitFor({ timeout: 60_000 });
      expect(livePair(scene)).not.toEqual(before);
      expectLivingPair(scene);
      expect(scene.sandbox.grants().codes).toBe(1);
      await next.end();
    },
  );

  claudeTest("2.1.329", "and a terminal do not sign in at once", async (build) => {
    const { scene, keeper, link } = await alerted(build);
    const page = await open(BLANK, phone);
    await begun(page, link);
    const second = await scene.run(["login", "--json", "--code-from", "/dev/null"]);
    expect([second.code, second.stderr]).toEqual([75, expect.stringContaining("lock_busy")]);
    // Who ends the keeper ends a sign-in that waits, and the terminal can begin one.
    expect((await keeper.end()).code).toBe(0);
    const { running, code, give } = await startSignIn(scene);
    give(code());
    expect((await running.finished).code).toBe(0);
    expectLivingPair(scene);
  });

  claudeTest("2.1.329", "mints another token for a login in an env file", async (build) => {
    const scene = await openScene({ build });
    const envFile = join(scene.home.home, "ci.env");
    const old = `sk-ant-oat01-TEST${"old-".repeat(23)}`.slice(0, 108);
    writeFileSync(envFile, `# of the job\nCLAUDE_CODE_OAUTH_TOKEN=${old}\n`, { mode: 0o600 });
    noteMint(scene.state, old, Date.now() + TWO_DAYS * 1000);
    const config = `[logins.ci]\nenv_file = "${envFile}"\n`;
    const { keeper, link } = await watched(scene, "ci", config);
    const page = await open(BLANK, phone);
    await begun(page, link);
    await page.getByLabel("The code").fill(await codeFor(page, scene));
    await page.getByRole("button", { name: "Prove and store it" }).click();
    await page.getByText("The new login is proved and in use").waitFor({ timeout: 60_000 });
    const text = readFileSync(envFile, "utf8");
    const token = /^CLAUDE_CODE_OAUTH_TOKEN=(.*)$/m.exec(text)?.[1] ?? "";
    expect(text.startsWith("# of the job\n")).toBe(true);
    expect(token).not.toBe(old);
    const [issued] = scene.sandbox.logins().filter(({ access }) => access === "live");
    expect(fingerprintOf(token)).toBe(issued?.accessToken);
    const year = new Date(Date.now() + 365 * 86_400_000).toISOString().slice(0, 10);
    await keeper.healthy(({ logins }) => String(logins[0]?.["loginEndsAt"]).startsWith(year));
    expect((await keeper.get(new URL(link).pathname)).status).toBe(410);
    expect(keeper.running.said()).not.toContain(token);
    await keeper.end();
  });

  claudeTest("2.1.329", "is over once somebody has signed in at a terminal", async (build) => {
    const { scene, keeper, link } = await alerted(build);
    const page = await open(BLANK, { ...phone, expected: /410/ });
    const { running, code, give } = await startSignIn(scene);
    give(code());
    expect((await running.finished).code).toBe(0);
    await until("the keeper to see it", () => keeper.running.said().includes("signed in"));
    await page.goto(link);
    expect(await page.locator("h1").textContent()).toBe("This link is over");
    await keeper.end();
  });
});
