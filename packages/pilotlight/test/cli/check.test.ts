import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsFile } from "../../src/claude/credentials-file.ts";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import { CHECK_OPTIONS, readCheckFlags } from "../../src/cli/check/check-flags.ts";
import { systemClock } from "../../src/cli/system-clock.ts";
import { parseDuration } from "../../src/core/duration.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { fileJournal } from "../../src/stores/file-journal.ts";
import { fileLoginRecords } from "../../src/stores/file-login-records.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { needs } from "../support/needs.ts";
import { putLogin } from "./a-login.ts";
import { runHere } from "./run-here.ts";
import { spawnSync, type StdioOptions } from "node:child_process";
import { fileURLToPath } from "node:url";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
/** Gives a process mounts of its own. */
const UNSHARE = "unshare";
const BIN = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));
const ACCESS = fingerprintOf("sk-ant-oat01-TEST-access");
const REFRESH = fingerprintOf("sk-ant-ort01-TEST-refresh");
const YEAR_TOKEN = `sk-ant-oat01-TEST${"y".repeat(91)}`;

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

async function check(argv: readonly string[] = [], env: object = {}) {
  const { exit, out, err } = await runHere(["check", ...argv], { ...home.env, ...env });
  expect(err).toBe("");
  expect(out).not.toMatch(/sk-ant-\w+-/);
  expect(out.split("\n")).toHaveLength(2);
  return { exit, line: out.trimEnd() };
}

function put(fields: object = {}): void {
  putLogin(home.configDir, fields);
}

function stateParts() {
  const directory = join(home.stateDir, "pilotlight");
  const [files, clock] = [durableFiles(), systemClock];
  return { directory, login: "default", format: credentialsFile, files, clock };
}

async function say(verdict: Verdict): Promise<void> {
  const records = fileLoginRecords(stateParts());
  await records.write({ ...(await records.read()), verdict });
}

async function doubt(): Promise<void> {
  await fileJournal(stateParts()).write({
    step: "in_doubt",
    from: { access: ACCESS, refresh: REFRESH },
    driver: "cli",
    at: Date.now() - MINUTE,
    process: null,
    issued: null,
    retried: false,
    wasRetried: false,
    code: "in_doubt",
    detail: "TEST",
  });
}

const proved = (ago: number): Verdict => ({
  kind: "proved",
  access: ACCESS,
  at: Date.now() - ago,
  by: "refresh",
});

describe("check says OK", () => {
  it("for a fresh login, with its performance data", async () => {
    put();
    await say(proved(HOUR));
    const { exit, line } = await check();
    expect(exit).toBe(0);
    expect(line).toMatch(
      /^PILOTLIGHT OK - default: fresh, access token ends in \d h \d+ min, login ends in \d+ days, proved by refresh 1 h 0 min ago \| expires_in=287\d\ds;; login_ends_in=24.99d;4:;1:$/,
    );
  });

  it("for what nothing proved only with the word unproved", async () => {
    put();
    const { exit, line } = await check();
    expect([exit, line]).toEqual([0, expect.stringContaining(", unproved: nothing here has seen")]);
  });

  it.each([
    [
      "a setup-token",
      { CLAUDE_CODE_OAUTH_TOKEN: YEAR_TOKEN },
      " is set, end unknown: it was not minted here, unproved: ",
    ],
    ["an API key", { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-key" }, " is set, unproved: "],
    [
      "a gateway's own key",
      { ANTHROPIC_API_KEY: "TEST-of-a-gateway", ANTHROPIC_BASE_URL: "http://127.0.0.1:9" },
      " is set, unproved: ",
    ],
    ["a cloud", { CLAUDE_CODE_USE_BEDROCK: "1" }, " is set, unproved: "],
  ])("for %s, which it cannot prove either", async (_name, env, said) => {
    const { exit, line } = await check([], env);
    expect(exit).toBe(0);
    expect(line).toContain(said);
    expect(line).not.toContain("|");
  });

  it("for an expired login that run renews, when told so", async () => {
    put({ expiresAt: Date.now() - HOUR });
    await say(proved(9 * HOUR));
    const { exit, line } = await check(["--on-demand"]);
    expect([exit, line]).toEqual([
      0,
      expect.stringContaining("expired, renewed at the next start"),
    ]);
    expect(line).toMatch(/expires_in=-3600s|expires_in=-3601s/);
  });
});

describe("check says something else", () => {
  it.each<[string, () => unknown, number, string]>([
    ["logged out", () => {}, 2, "no_credential: "],
    ["expired but renewable", () => put({ expiresAt: Date.now() - HOUR }), 1, "refresh_due: "],
    [
      "expired and not renewable",
      () => put({ expiresAt: 1, refreshToken: null }),
      2,
      "not_refreshable: ",
    ],
    ["blanked", () => put({ accessToken: "", refreshToken: "", expiresAt: 0 }), 2, "login_blanked"],
    [
      "dead",
      async () => {
        put();
        await say({ kind: "ended", refresh: REFRESH, at: Date.now(), code: "login_ended" });
      },
      2,
      "login_ended: ",
    ],
    [
      "revoked early",
      async () => {
        put();
        await say({ kind: "rejected", access: ACCESS, at: Date.now(), by: "run" });
      },
      1,
      "refresh_due: the access token is rejected",
    ],
    [
      "revoked early and not renewable",
      async () => {
        put({ refreshToken: null });
        await say({ kind: "rejected", access: ACCESS, at: Date.now(), by: "run" });
      },
      2,
      "not_refreshable: ",
    ],
    [
      "fresh, but in doubt",
      async () => {
        put();
        await doubt();
      },
      1,
      "in_doubt: ",
    ],
    ["without user:inference", () => put({ scopes: ["user:profile"] }), 2, "scope_missing: "],
    ["without scopes", () => put({ scopes: undefined }), 2, "scope_missing: "],
    [
      "beside settings that Claude Code cannot read",
      () => {
        put();
        writeFileSync(join(home.configDir, "settings.json"), "{");
      },
      2,
      "config_invalid: ",
    ],
    [
      "shadowed by settings",
      () => {
        put();
        const env = { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-key" };
        writeFileSync(join(home.configDir, "settings.json"), JSON.stringify({ env }));
      },
      1,
      "settings.json (env.ANTHROPIC_API_KEY) would be used instead of the stored login",
    ],
    [
      "not used at all",
      () => {
        put();
        const settings = JSON.stringify({ env: { CLAUDE_CODE_SIMPLE: "1" } });
        writeFileSync(join(home.configDir, "settings.json"), settings);
      },
      1,
      "no credential at all would be used instead",
    ],
    ["torn", () => writeFileSync(join(home.configDir, ".credentials.json"), "{"), 2, "corrupt: "],
    ["a directory", () => mkdirSync(join(home.configDir, ".credentials.json")), 2, "not_a_file: "],
    [
      "in seconds",
      () => put({ expiresAt: Math.floor(Date.now() / 1000) + 9999 }),
      1,
      "expires_at_in_seconds: ",
    ],
  ])("for a login that is %s", async (_name, prepare, exit, text) => {
    await prepare();
    const checked = await check();
    expect(checked.line).toContain(text);
    expect(checked.line).toMatch(exit === 1 ? /^PILOTLIGHT WARNING - / : /^PILOTLIGHT CRITICAL - /);
    expect(checked.exit).toBe(exit);
  });

  it.each([
    ["garbage", { CLAUDE_CODE_OAUTH_TOKEN: "garbage" }, 1],
    ["a token that was cut off", { CLAUDE_CODE_OAUTH_TOKEN: YEAR_TOKEN.slice(0, 79) }, 1],
    ["a token with a line break", { CLAUDE_CODE_OAUTH_TOKEN: `${YEAR_TOKEN}\nTEST` }, 2],
    ["a sign-in code", { CLAUDE_CODE_OAUTH_TOKEN: "TEST-code#state" }, 2],
    ["a key in the token's place", { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-api03-TEST" }, 2],
    ["a bogus key", { ANTHROPIC_API_KEY: "bogus" }, 1],
    ["a token in the key's place", { ANTHROPIC_API_KEY: YEAR_TOKEN }, 2],
    ["a token as a bearer", { ANTHROPIC_AUTH_TOKEN: YEAR_TOKEN }, 2],
  ])("for %s in the environment", async (_name, env, exit) => {
    const { line, ...checked } = await check([], env);
    expect(line).toContain("wrong_credential: ");
    expect(checked.exit).toBe(exit);
  });

  it("for what a token in the environment says of itself, and for a profile that cannot be used", async () => {
    put();
    const scopes = {
      CLAUDE_CODE_OAUTH_TOKEN: YEAR_TOKEN,
      CLAUDE_CODE_OAUTH_SCOPES: "user:profile",
    };
    expect(await check([], scopes)).toMatchObject({
      exit: 2,
      line: expect.stringContaining("scope_missing: "),
    });
    const profiles = join(home.home, ".config", "anthropic");
    mkdirSync(join(profiles, "configs"), { recursive: true });
    mkdirSync(join(profiles, "credentials"));
    writeFileSync(
      join(profiles, "configs", "work.json"),
      JSON.stringify({ authentication: { type: "user_oauth" } }),
    );
    writeFileSync(
      join(profiles, "credentials", "work.json"),
      JSON.stringify({ access_token: "TEST", expires_at: 1 }),
    );
    const env = { ANTHROPIC_CONFIG_DIR: profiles, ANTHROPIC_PROFILE: "work" };
    expect(await check([], env)).toMatchObject({
      exit: 2,
      line: expect.stringContaining("profile_unusable: "),
    });
  });

  it.each([
    ["the default, 1 ms inside", 4 * DAY + 30_000, [], 0],
    ["the default", 4 * DAY - 1000, [], 1],
    ["less than a day", DAY - 1000, [], 2],
    ["its date passed", -HOUR, [], 2],
    ["an option", 6 * DAY, ["--warn-login", "7d"], 1],
    ["both options", 6 * DAY, ["--warn-login", "9d", "--crit-login", "7d"], 2],
  ])("from a login's end on: %s", async (_name, left, argv, exit) => {
    put({ refreshTokenExpiresAt: Date.now() + left });
    const { line, ...checked } = await check(argv);
    expect(checked.exit).toBe(exit);
    if (exit > 0) expect(line).toContain("only a new sign-in renews it ($ pilotlight login)");
  });

  it.each([
    ["well", 2 * HOUR, [], 0],
    ["soon", 50 * MINUTE, [], 1],
    ["at once", 10 * MINUTE, [], 2],
    ["by options", 2 * HOUR, ["--warn-token", "4h", "--crit-token", "3h"], 2],
  ])("from a token's end on that nobody renews: %s", async (_name, left, argv, exit) => {
    put({ refreshToken: null, expiresAt: Date.now() + left });
    const { line, ...checked } = await check(argv);
    expect(checked.exit).toBe(exit);
    const bounds = argv.length > 0 ? "14400:;10800:" : "3600:;900:";
    expect(line).toMatch(new RegExp(`expires_in=\\d+s;${bounds} `));
  });

  it("for nothing that will be renewed in time", async () => {
    put({ expiresAt: Date.now() + MINUTE });
    expect((await check()).exit).toBe(0);
  });

  needs("linux", "root", "unshare").it("where the store was replaced below its mount", () => {
    put({ expiresAt: Date.now() - HOUR });
    const file = join(home.configDir, ".credentials.json");
    const script = `cp "${file}" "${file}.host" && mount --bind "${file}.host" "${file}" && rm "${file}.host" && exec "$@"`;
    const argv = ["-m", "sh", "-ec", script, "sh", process.execPath, BIN];
    const options = { env: home.env, encoding: "utf8", timeout: 30_000 } as const;
    const checked = spawnSync(UNSHARE, [...argv, "check", "--on-demand"], options);
    expect(checked.stdout).toMatch(/^PILOTLIGHT CRITICAL - default: store_read_only: /);
    expect(checked.status).toBe(2);
    const { stdout, status } = spawnSync(UNSHARE, [...argv, "status", "--json"], options);
    expect(JSON.parse(stdout)).toMatchObject({
      logins: [{ refreshable: false, action: { code: "store_read_only" } }],
    });
    expect(status).toBe(73);
  });

  it("at once for a login whose refresh token is known to be spent", async () => {
    put();
    const records = fileLoginRecords(stateParts());
    await records.write({ ...(await records.read()), spent: [REFRESH] });
    const { exit, line } = await check();
    expect(exit).toBe(1);
    expect(line).toMatch(
      /^PILOTLIGHT WARNING - default: refresh_token_spent: .*pilotlight login\)/,
    );
    put({ expiresAt: Date.now() + 10 * MINUTE });
    expect(await check()).toMatchObject({ exit: 2 });
  });

  it("with nothing of a path that a terminal would obey", async () => {
    const dir = join(home.home, "a\u001B[2Jb\u009Bc\u2028d");
    mkdirSync(dir);
    const { line } = await check([], { CLAUDE_CONFIG_DIR: dir });
    expect(line).toContain("a\uFFFD[2Jb\uFFFDc\uFFFDd");
    expect(line).not.toMatch(/[\p{Cc}\u2028]/u);
  });

  needs("linux").it("and 3 where its line could not be written", () => {
    put();
    const full = openSync("/dev/full", "w");
    const stdio: StdioOptions = ["ignore", full, "pipe"];
    const options = { env: home.env, stdio, encoding: "utf8", timeout: 30_000 } as const;
    const codes = ["check", "status"].map(
      (name) => spawnSync(process.execPath, [BIN, name], options).status,
    );
    closeSync(full);
    expect(codes).toEqual([3, 73]);
  });

  needs("linux", "root", "unshare").it("where the store is a read-only mount", () => {
    put({ expiresAt: Date.now() + 30 * MINUTE });
    const file = join(home.configDir, ".credentials.json");
    const script = `mount --bind "${file}" "${file}" && mount -o remount,ro,bind "${file}" && exec "$@"`;
    const argv = ["-m", "sh", "-ec", script, "sh", process.execPath, BIN, "check"];
    const ran = spawnSync(UNSHARE, argv, { env: home.env, encoding: "utf8", timeout: 30_000 });
    expect(ran.stdout).toMatch(
      /^PILOTLIGHT WARNING - default: store_read_only: .*mounted read-only/,
    );
    expect(ran.status).toBe(1);
  });
});

describe("check says UNKNOWN", () => {
  it.each([
    [["--no-such"], {}, "usage: "],
    [["more"], {}, "usage: "],
    [["--login"], {}, "usage: "],
    [["--login", "nobody"], {}, '"nobody" (known: default)'],
    [["--warn-login", "soon"], {}, "--warn-login soon is no time"],
    [["--crit-token", "2h"], {}, "--crit-token must not be longer than --warn-token"],
    [[], { PILOTLIGHT_DRIVER: "magic" }, "config_invalid: "],
  ])("to %j", async (argv, env, text) => {
    put();
    const { exit, line } = await check(argv, env);
    expect(exit).toBe(3);
    expect(line).toMatch(/^PILOTLIGHT UNKNOWN - /);
    expect(line).toContain(text);
  });

  it("for the state of a newer Pilotlight", async () => {
    put();
    await say(proved(0));
    writeFileSync(join(home.stateDir, "pilotlight", "logins", "default.json"), '{"schema": 99}');
    expect(await check()).toMatchObject({ exit: 3, line: expect.stringContaining("state_newer") });
  });
});

describe("a check of several logins", () => {
  beforeEach(() => {
    mkdirSync(join(home.home, ".config", "pilotlight"), { recursive: true });
    for (const name of ["good", "gone|"]) mkdirSync(join(home.home, name));
    const config = "[logins.good]\ndir = '~/good'\n[logins.gone]\ndir = '~/gone|'\n";
    writeFileSync(join(home.home, ".config", "pilotlight", "config.toml"), config);
    putLogin(join(home.home, "good"));
  });

  it("is as bad as the worst, which it names first", async () => {
    const { exit, line } = await check();
    expect(exit).toBe(2);
    expect(line).toMatch(
      /^PILOTLIGHT CRITICAL - gone: .*; good: fresh, .* \| good_expires_in=\d+s;; good_login_ends_in=24.99d;4:;1:$/,
    );
    expect(line.split("|")).toHaveLength(2);
  });

  it("sends whoever reads of a login's end to a sign-in in its directory", async () => {
    const dir = join(home.home, "good");
    putLogin(dir, { refreshTokenExpiresAt: Date.now() + 8 * DAY });
    const { line } = await check(["--login", "good", "--warn-login", "9d"]);
    expect(line).toContain("renews it ($ pilotlight login --login good)");
    putLogin(dir, { expiresAt: Date.now() - HOUR });
    expect((await check(["--login", "good"])).line).toContain(
      "($ pilotlight refresh --login good)",
    );
  });

  it("looks at one when told so", async () => {
    expect((await check(["--login", "good"])).exit).toBe(0);
  });

  it("has all of it for machines", async () => {
    const { exit, out } = await runHere(["--json", "check"], home.env);
    expect(exit).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      schema: "pilotlight.check/v1",
      state: "CRITICAL",
      exit: 2,
      logins: [
        { name: "good", state: "OK", code: null },
        {
          name: "gone",
          state: "CRITICAL",
          code: "no_credential",
          command: "pilotlight login --login gone",
        },
      ],
    });
    const wrong = await runHere(["check", "--json", "--no-such"], home.env);
    expect(wrong.exit).toBe(3);
    expect(JSON.parse(wrong.out)).toMatchObject({ state: "UNKNOWN", exit: 3, logins: [] });
  });
});

describe("the help of check", () => {
  it("shows its own exit codes and each option with its real default", async () => {
    const { exit, out } = await runHere(["check", "--help"], home.env);
    expect(exit).toBe(0);
    expect(out).toMatch(/0 {2}OK +1 {2}WARNING +2 {2}CRITICAL +3 {2}UNKNOWN/);
    const defaults = readCheckFlags([]).limits as unknown as Record<string, number>;
    const shown = CHECK_OPTIONS.flatMap(([flags, text]) => {
      const name = /^--(warn|crit)-(\w)(\w+)/.exec(flags);
      if (name === null) return [];
      const key = `${name[1]}${name[2]?.toUpperCase()}${name[3]}`;
      expect(parseDuration(/default (\w+)/.exec(text)?.[1] ?? "")).toBe(defaults[key]);
      return [key];
    });
    expect(shown).toHaveLength(4);
    for (const [flags] of CHECK_OPTIONS) {
      expect(out).toContain(flags);
      const [name = "", value] = flags.split(" ");
      const words = value === undefined ? [name] : [name, name.startsWith("--warn") ? "9d" : "1m"];
      // An option of the help that is not read would be refused.
      expect(() => readCheckFlags([...words])).not.toThrow();
    }
  });
});
