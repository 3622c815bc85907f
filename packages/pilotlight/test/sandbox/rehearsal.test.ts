import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLivingProcess } from "../../src/claude/locking/living-process.ts";
import { systemClock } from "../../src/cli/system-clock.ts";
import { rehearsal } from "../../src/sandbox/rehearsal.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { CLAUDE_VERSIONS } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";

/** Long enough for a rehearsed script, which waits 1.5 s for the endpoint; ms. */
const LIMIT = 30_000;

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

function rehearse(command: readonly [string, ...string[]], patience?: number) {
  const parts = { env: home.env, files: durableFiles(), clock: systemClock };
  const run = rehearsal(patience === undefined ? parts : { ...parts, patience });
  return run({ argv: command, files: [] });
}

/** A stand-in for Claude Code that finds its sandbox through the endpoint variable, and notes its environment. */
function script(body: string): readonly [string, string] {
  const path = join(home.home, "claude.mjs");
  const noted = join(home.home, "noted.jsonl");
  writeFileSync(
    path,
    `
    import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
    import { setTimeout as sleep } from "node:timers/promises";
    const { env, pid } = process;
    const file = env.CLAUDE_CONFIG_DIR + "/.credentials.json";
    const { claudeAiOauth: login } = JSON.parse(readFileSync(file, "utf8"));
    const isMcpList = process.argv.includes("mcp");
    appendFileSync(${JSON.stringify(noted)}, JSON.stringify({ argv: process.argv.slice(2), env, pid, login }) + "\\n");
    const post = () => fetch(env.PILOTLIGHT_TOKEN_URL, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ grant_type: "refresh_token", refresh_token: login.refreshToken, client_id: "TEST" }),
    });
    const refresh = async () => {
      const issued = await (await post()).json();
      const next = { ...login, accessToken: issued.access_token, refreshToken: issued.refresh_token };
      writeFileSync(file, JSON.stringify({ claudeAiOauth: { ...next, expiresAt: Date.now() + 1e7 } }));
    };
    ${body}
    `,
  );
  return [process.execPath, path];
}

interface Noted {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly login: { readonly refreshToken: string };
}

function noted(): readonly Noted[] {
  const text = readFileSync(join(home.home, "noted.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Noted);
}

describe("a rehearsal", { timeout: LIMIT }, () => {
  it("chooses mcp list when that refreshes, waits and stores", async () => {
    const result = await rehearse(script("await refresh();"));
    expect(result).toMatchObject({ command: "mcp-list" });
    expect(noted()).toHaveLength(1);
  });

  it("chooses the prompt when mcp list starts no refresh", async () => {
    const result = await rehearse(script("if (!isMcpList) await refresh();"));
    expect(result).toMatchObject({ command: "prompt" });
    expect(noted().map(({ argv }) => argv.includes("-p"))).toEqual([false, true]);
  });

  it("refuses a build that never refreshes", async () => {
    expect(await rehearse(script(""))).toMatchObject({
      command: null,
      detail: "mcp-list: no refresh started; prompt: no refresh started",
    });
  });

  it("refuses a build that ends before its refresh is stored", async () => {
    const lost = "refresh().catch(() => {}); await sleep(400); process.exit(0);";
    expect(await rehearse(script(lost))).toMatchObject({
      command: null,
      detail: "mcp-list: the refresh was lost; prompt: the refresh was lost",
    });
  });

  it("refuses a build that stores, but sends its refresh token twice", async () => {
    const twice = "post().catch(() => {}); await refresh();";
    const { command, detail } = await rehearse(script(twice));
    expect(command).toBeNull();
    expect(detail).toMatch(/2 requests|lost/);
  });

  it("refuses a build that cannot be started at all", async () => {
    const { command } = await rehearse([join(home.home, "no-such-claude")]);
    expect(command).toBeNull();
  });

  it("bounds a build that hangs, and leaves no process of it behind", async () => {
    const { command, detail } = await rehearse(script("await sleep(600_000);"), 1_000);
    expect(command).toBeNull();
    expect(detail).toContain("still ran after 1 s");
    const pids = noted().map(({ pid }) => pid);
    expect(pids).toHaveLength(2);
    await expect
      .poll(() => pids.filter((pid) => isLivingProcess(pid, null)), { timeout: 5_000 })
      .toEqual([]);
  });

  it("gives the build an invented login, a home of its own and no way but the sandbox", async () => {
    const inherited = {
      CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TEST-inherited",
      ANTHROPIC_API_KEY: "sk-ant-api03-TEST-inherited",
      HTTPS_PROXY: "http://127.0.0.1:9",
      https_proxy: "http://127.0.0.1:9",
      NODE_EXTRA_CA_CERTS: "/no/such/file",
      ALL_PROXY: "http://127.0.0.1:9",
    };
    Object.assign(home.env, inherited);
    await rehearse(script("await refresh();"));
    const [run] = noted();
    if (run === undefined) throw new Error("it ran");
    expect(JSON.stringify(run.env)).not.toMatch(/inherited|:9"|no\/such/);
    expect(run.env["HOME"]).not.toBe(home.home);
    expect(run.env["CLAUDE_CONFIG_DIR"]).toContain("pilotlight-rehearsal-");
    expect(run.env["CLAUDE_SECURESTORAGE_CONFIG_DIR"]).toBe(run.env["CLAUDE_CONFIG_DIR"]);
    expect(run.env["ALL_PROXY"]).toBeUndefined();
    expect(run.login.refreshToken).toContain("sk-ant-ort01-TEST");
    expect(JSON.stringify(run.argv)).not.toContain(run.login.refreshToken);
  });

  it("cleans up after itself", async () => {
    await rehearse(script("await refresh();"));
    const stage = noted()[0]?.env["CLAUDE_CONFIG_DIR"] ?? "";
    expect(stage).not.toBe("");
    expect(existsSync(stage)).toBe(false);
    const folder = stage.split("/").find((part) => part.startsWith("pilotlight-rehearsal-"));
    expect(readdirSync(tmpdir())).not.toContain(folder);
  });
});

describe("a rehearsal of the real Claude Code", () => {
  const CHOICES = { "2.1.329": "mcp-list", "2.1.216": "mcp-list", "2.1.104": "prompt" } as const;
  for (const version of CLAUDE_VERSIONS) {
    claudeTest(version, `chooses ${CHOICES[version]}`, async (build) => {
      expect(await rehearse(build.command)).toMatchObject({ command: CHOICES[version] });
    });
  }
});
