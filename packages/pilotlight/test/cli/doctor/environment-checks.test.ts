import { isBefore } from "../../../src/claude/build/build-rules.ts";
import { existsSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rehearsedClaude } from "../../../src/claude/build/claude-build.ts";
import { findClaude } from "../../../src/claude/build/find-claude.ts";
import { recalledBuild } from "../../../src/claude/build/recalled-build.ts";
import { faultsOf } from "../../../src/cli/doctor/known-faults.ts";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { fileMints } from "../../../src/stores/file-mints.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { putLogin } from "../a-login.ts";
import { DAY, examine, put, putClaude, settings, told } from "./an-examination.ts";

const KEY = "sk-ant-api03-TEST-key";
const YEAR_TOKEN = `sk-ant-oat01-TEST${"y".repeat(91)}`;

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

type Env = Readonly<Record<string, string>>;

describe("credential-in-use", () => {
  it.each<[string, Env, RegExp]>([
    ["nothing else", {}, /^ok: claude-file$/],
    [
      "a key",
      { ANTHROPIC_API_KEY: KEY },
      /^warning: environment \(ANTHROPIC_API_KEY\) wins over the stored login, and is billed instead of it$/,
    ],
    [
      "a setup-token",
      { CLAUDE_CODE_OAUTH_TOKEN: YEAR_TOKEN },
      /^warning: environment \(CLAUDE_CODE_OAUTH_TOKEN\) wins over .*signing in changes nothing$/,
    ],
    [
      "a gateway",
      { ANTHROPIC_BASE_URL: "https://user:TEST@gate.test/x" },
      /^warning: environment \(ANTHROPIC_BASE_URL\) .* to a gateway, and not to Anthropic$/,
    ],
    ["Anthropic's own address", { ANTHROPIC_BASE_URL: "https://api.anthropic.com" }, /^ok: /],
    [
      "the simple mode",
      { CLAUDE_CODE_SIMPLE: "1" },
      /^warning: CLAUDE_CODE_SIMPLE does not read claude-file: the job is not logged in$/,
    ],
    [
      "a token that may not infer",
      { CLAUDE_CODE_OAUTH_TOKEN: YEAR_TOKEN, CLAUDE_CODE_OAUTH_SCOPES: "user:profile" },
      /^failure: scope_missing: .* the token is not used/,
    ],
    ["the Desktop app", { CLAUDE_CODE_SDK_HAS_HOST_AUTH_REFRESH: "1" }, /^note: the Desktop app/],
  ])("tells of %s beside a login", async (_what, env, expected) => {
    putLogin(home.configDir);
    expect(told(await examine(home, "credential-in-use", { env }))).toMatch(expected);
  });

  it("names the settings file that sets it, and says when there is nothing", async () => {
    expect(told(await examine(home, "credential-in-use"))).toMatch(/^skipped: /);
    putLogin(home.configDir);
    const path = settings(home, { env: { ANTHROPIC_API_KEY: KEY } });
    const text = told(await examine(home, "credential-in-use"));
    expect(text).toContain(`warning: ${path} (env.ANTHROPIC_API_KEY) wins`);
  });
});

describe("environment-tokens", () => {
  it.each<[string, Env, RegExp]>([
    ["none", {}, /^skipped: /],
    [
      "a good key",
      { ANTHROPIC_API_KEY: KEY },
      /^ok: ANTHROPIC_API_KEY \(environment\) sha256:\w{8}$/,
    ],
    ["a good setup-token", { CLAUDE_CODE_OAUTH_TOKEN: `${YEAR_TOKEN}\n` }, /^ok: /],
    [
      "one that was cut off",
      { CLAUDE_CODE_OAUTH_TOKEN: YEAR_TOKEN.slice(0, 79) },
      /^warning: .* has 79 characters/,
    ],
    [
      "one with a line break",
      { CLAUDE_CODE_OAUTH_TOKEN: `${YEAR_TOKEN.slice(0, 41)}\n${YEAR_TOKEN}` },
      /^failure: wrong_credential: .* a line break/,
    ],
    [
      "a sign-in code",
      { CLAUDE_CODE_OAUTH_TOKEN: "code#TEST" },
      /^failure: wrong_credential: .* # in it/,
    ],
    [
      "a key in its place",
      { CLAUDE_CODE_OAUTH_TOKEN: KEY },
      /^failure: wrong_credential: .* holds an API key/,
    ],
    [
      "a token in the key's place",
      { ANTHROPIC_API_KEY: YEAR_TOKEN },
      /^failure: wrong_credential: .* holds an OAuth access token/,
    ],
    [
      "a gateway's key",
      { ANTHROPIC_API_KEY: "TEST", ANTHROPIC_BASE_URL: "http://127.0.0.1:9" },
      /^ok: /,
    ],
    [
      "a token for the API",
      { ANTHROPIC_AUTH_TOKEN: YEAR_TOKEN },
      /^failure: wrong_credential: ANTHROPIC_AUTH_TOKEN/,
    ],
    [
      "a bad one in the shade",
      { ANTHROPIC_API_KEY: KEY, CLAUDE_CODE_OAUTH_TOKEN: KEY },
      /^warning: CLAUDE_CODE_OAUTH_TOKEN .*\nok: /,
    ],
  ])("tells of %s", async (_what, env, expected) => {
    const text = told(await examine(home, "environment-tokens", { env }));
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/TEST|yyyy/);
  });

  it("knows a copy of the stored access token", async () => {
    putLogin(home.configDir);
    const env = { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TEST-access" };
    expect(told(await examine(home, "environment-tokens", { env }))).toMatch(
      /^warning: .*a copy of the stored/,
    );
  });
});

describe("setup-token and api-key-helper", () => {
  it("tell of a setup-token's age as far as anybody can", async () => {
    expect(told(await examine(home, "setup-token"))).toMatch(/^skipped: /);
    const env = { CLAUDE_CODE_OAUTH_TOKEN: YEAR_TOKEN };
    expect(told(await examine(home, "setup-token", { env }))).toMatch(
      /^note: .*its age cannot be told/,
    );
    const path = settings(home, { env });
    expect(told(await examine(home, "setup-token"))).toMatch(/^note: /);
    const at = (Date.now() - 336 * DAY) / 1000;
    utimesSync(path, at, at);
    expect(told(await examine(home, "setup-token"))).toMatch(/^warning: .*at least 336 days old/);
  });

  it.each([
    [31, /^ok: .* ends in 3[01] ?d/],
    [29, /^warning: .* ends in 2[89] ?d/],
    [-1, /^warning: .*its year is over/],
  ])("tell of a setup-token that was minted here that it has %d days", async (days, expected) => {
    const endsAt = Date.now() + days * DAY;
    const mints = fileMints(join(home.stateDir, "pilotlight"), durableFiles());
    const fingerprint = fingerprintOf(YEAR_TOKEN);
    await mints.note({ fingerprint, mintedAt: endsAt - 365 * DAY, endsAt });
    const env = { CLAUDE_CODE_OAUTH_TOKEN: `${YEAR_TOKEN}\n` };
    expect(told(await examine(home, "setup-token", { env }))).toMatch(expected);
  });

  it("tell of a helper without running it", async () => {
    expect(told(await examine(home, "api-key-helper"))).toMatch(/^skipped: /);
    const helper = put(home, "helper", "#!/bin/sh\ntouch ran\n", 0o755);
    settings(home, { apiKeyHelper: `${helper} --now` });
    expect(told(await examine(home, "api-key-helper"))).toMatch(/^note: .*doctor does not run it$/);
    settings(home, { apiKeyHelper: "/no/such/helper" });
    expect(told(await examine(home, "api-key-helper"))).toMatch(
      /^failure: helper_failing: .*no \/no\/such/,
    );
    expect(existsSync(join(home.home, "ran"))).toBe(false);
  });
});

describe("network-settings", () => {
  it.each<[string, Env, RegExp]>([
    ["nothing", {}, /^ok: none is set/],
    [
      "a proxy, without its password",
      { HTTPS_PROXY: "http://user:TEST@proxy.test:3128" },
      /^ok: HTTPS_PROXY \(environment\): proxy\.test:3128$/,
    ],
    [
      "a proxy that is no URL",
      { https_proxy: "proxy" },
      /^warning: https_proxy .*is no http or https URL$/,
    ],
    [
      "a certificate that is gone",
      { NODE_EXTRA_CA_CERTS: "/no/such.pem" },
      /^warning: NODE_EXTRA_CA_CERTS .*cannot be read$/,
    ],
  ])("tells of %s", async (_what, env, expected) => {
    expect(told(await examine(home, "network-settings", { env }))).toMatch(expected);
  });

  it("tells which settings file sets it", async () => {
    settings(home, { env: { HTTPS_PROXY: "http://127.0.0.1:9" } });
    expect(told(await examine(home, "network-settings"))).toMatch(
      /settings\.json \(env\.HTTPS_PROXY\): 127/,
    );
  });
});

describe("claude-found, claude-version and claude-rehearsal", () => {
  const three = async (env: Env) => {
    const ids = ["claude-found", "claude-version", "claude-rehearsal"];
    const all = await Promise.all(ids.map((id) => examine(home, id, { env })));
    return told(all.flat()).split("\n");
  };
  const manifest = (version: string) =>
    put(home, "bin/package.json", JSON.stringify({ name: "@anthropic-ai/claude-code", version }));

  it("tell of none, and leave npx alone", async () => {
    expect(await three({ PILOTLIGHT_CLAUDE: "no-such-claude" })).toEqual([
      expect.stringMatching(/^failure: cli_not_found: /),
      expect.stringMatching(/^skipped: /),
      expect.stringMatching(/^skipped: /),
    ]);
    const npx = await three({ PILOTLIGHT_CLAUDE: "npx no-such-package-TEST" });
    expect(npx).toEqual(Array(3).fill(expect.stringMatching(/^skipped: /)));
  });

  it("tell nothing of what a command line gives to a program", async () => {
    const claude = putClaude(home);
    const secret = "ANTHROPIC_AUTH_TOKEN=TEST-hunter2";
    const [found] = await three({
      PILOTLIGHT_CLAUDE: JSON.stringify([process.execPath, secret, claude, "--token", "TEST-x"]),
    });
    expect(found).toBe(`ok: ${process.execPath} ${claude}`);
    for (const wrong of [`env ${secret} claude`, `npx ${secret} no-such`, `["${secret}", 1]`]) {
      const told = (await three({ PILOTLIGHT_CLAUDE: wrong })).join("\n");
      expect(told).toContain("ANTHROPIC_AUTH_TOKEN=[secret]");
      expect(told).not.toContain("TEST-");
    }
  });

  it.each([
    ["2.1.104", /^warning: 2\.1\.104: a rejected access token is not refreshed \(FM-01\)$/],
    ["2.1.216", /^warning: 2\.1\.216: .*\(FM-08\)$/],
    ["2.1.329", /^ok: 2\.1\.329$/],
  ])("tell the faults of %s, and start nothing", async (version, expected) => {
    manifest(version);
    const [found, first, ...rest] = await three({ PILOTLIGHT_CLAUDE: putClaude(home) });
    expect(found).toMatch(/^ok: .*bin\/claude$/);
    expect(first).toMatch(expected);
    expect(rest.at(-1)).toMatch(/^note: this build was not rehearsed yet$/);
    expect(existsSync(join(home.home, "started"))).toBe(false);
  });

  it.each([
    ["good", "mcp-list" as const, /^ok: build \w{16} refreshes by mcp-list$/],
    ["refused", null, /^failure: cli_refused: build \w{16}: TEST lost it$/],
  ])("tell a rehearsal that is remembered as %s", async (_what, command, expected) => {
    const program = putClaude(home);
    const memoryFile = join(home.stateDir, "pilotlight", "builds.json");
    const found = await findClaude(program, home.env);
    const rehearse = () => Promise.resolve({ command, at: Date.now(), detail: "TEST lost it" });
    const options = { memoryFile, files: durableFiles(), env: home.env, now: Date.now(), rehearse };
    const rehearsed = await rehearsedClaude(found, options).catch(() => null);
    expect((await three({ PILOTLIGHT_CLAUDE: program })).at(-1)).toMatch(expected);
    const recalled = await recalledBuild(found, memoryFile);
    // One formula in two places: they must not drift apart.
    if (command !== null) expect(recalled).toMatchObject({ build: rehearsed?.build });
    expect(JSON.parse(readFileSync(memoryFile, "utf8"))).toHaveProperty("rehearsals");
    put(home, "bin/claude", "#!/usr/bin/env node\n", 0o755);
    expect(await recalledBuild(found, memoryFile)).toBeNull();
  });

  it("do not start a wrapper to learn its build", async () => {
    const program = put(home, "bin/claude", "#!/bin/sh\ntouch started\n", 0o755);
    expect((await three({ PILOTLIGHT_CLAUDE: program })).at(-1)).toMatch(
      /^skipped: it is a wrapper/,
    );
    expect(existsSync(join(home.home, "started"))).toBe(false);
  });

  it("say what the endpoint driver is", async () => {
    const env = { PILOTLIGHT_DRIVER: "endpoint", PILOTLIGHT_ACCEPT_UNSUPPORTED: "true" };
    expect(told(await examine(home, "claude-rehearsal", { env }))).toMatch(
      /^note: .*does not document/,
    );
  });

  it("know which versions have a fault", () => {
    expect(isBefore("2.1.99", "2.1.104")).toBe(true);
    expect(isBefore("2.1.104", "2.1.104")).toBe(false);
    const has = (version: string) => faultsOf(version).some(({ fm }) => fm === "FM-14");
    expect(["2.1.132", "2.1.133", "2.1.314", "2.1.315"].map(has)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("keychain, credential-manager and wsl", () => {
  it.each([
    ["keychain", "linux", {}, /^skipped: /],
    ["keychain", "darwin", {}, /^failure: unsupported: .*Keychain$/],
    ["credential-manager", "linux", {}, /^skipped: /],
    ["credential-manager", "win32", {}, /^ok: /],
    [
      "credential-manager",
      "win32",
      { CLAUDE_CODE_FORCE_WINDOWS_CREDMAN: "1" },
      /^failure: unsupported: /,
    ],
    ["wsl", "darwin", {}, /^skipped: /],
  ] as const)("%s on %s", async (id, platform, env, expected) => {
    expect(told(await examine(home, id, { platform, env }))).toMatch(expected);
  });

  it("tell of a file beside the Keychain", async () => {
    putLogin(home.configDir);
    expect(told(await examine(home, "keychain", { platform: "darwin" }))).toMatch(/^note: /);
  });
});
