import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { fileLoginRecords } from "../../src/stores/file-login-records.ts";
import { credentialsFile } from "../../src/claude/credentials-file.ts";
import { systemClock } from "../../src/cli/system-clock.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { needs } from "../support/needs.ts";
import { putLogin } from "./a-login.ts";
import { runHere } from "./run-here.ts";

const BIN = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));

const Source = z.enum([
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_API_KEY",
  "apiKeyHelper",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "profile",
  "claude-file",
  "claude-keychain",
  "cloud:bedrock",
  "cloud:vertex",
  "cloud:foundry",
  "none",
]);
const Time = z.iso.datetime().nullable();
const Fingerprint = z.string().regex(/^sha256:[0-9a-f]{8}$/);

/** `pilotlight.status/v1`: these fields and no other. */
const StatusReport = z.strictObject({
  schema: z.literal("pilotlight.status/v1"),
  generatedAt: z.iso.datetime(),
  effective: z.strictObject({
    source: Source,
    billing: z.enum(["subscription", "api", "cloud", "none"]),
    shadowed: z.array(Source),
  }),
  logins: z.array(
    z.strictObject({
      name: z.string(),
      source: Source,
      path: z.string().nullable(),
      phase: z.string(),
      usable: z.boolean(),
      refreshable: z.boolean(),
      driver: z.enum(["cli", "endpoint"]),
      action: z
        .strictObject({
          code: z.string(),
          message: z.string(),
          command: z.string().nullable(),
          by: z.enum(["nobody", "wait", "pilotlight", "person", "admin"]),
        })
        .nullable(),
      accessToken: z
        .strictObject({
          kind: z.enum(["oauth", "setup-token", "api-key"]),
          fingerprint: Fingerprint,
          expiresAt: Time,
          expiresInSeconds: z.int().nullable(),
        })
        .nullable(),
      refreshToken: z
        .strictObject({ present: z.boolean(), fingerprint: Fingerprint.nullable() })
        .nullable(),
      loginEndsAt: Time,
      loginEndsInDays: z.int().nullable(),
      scopes: z.array(z.string()).nullable(),
      subscriptionType: z.string().nullable(),
      proof: z.strictObject({
        state: z.enum(["proved", "refuted", "unproved"]),
        at: Time,
        by: z.string().nullable(),
        code: z.string().nullable(),
      }),
      inDoubt: z.boolean(),
    }),
  ),
});

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

async function report(env: object = {}, argv: readonly string[] = []) {
  const { exit, out, err } = await runHere(["status", "--json", ...argv], { ...home.env, ...env });
  expect(err).toBe("");
  expect(out).not.toContain("sk-ant");
  return { exit, ...StatusReport.parse(JSON.parse(out)) };
}

function configure(text: string): void {
  mkdirSync(join(home.home, ".config", "pilotlight"), { recursive: true });
  writeFileSync(join(home.home, ".config", "pilotlight", "config.toml"), text);
}

function settings(text: object): void {
  writeFileSync(join(home.configDir, "settings.json"), JSON.stringify(text));
}

/** The profile of a signed-in user, as the vendor's own tools leave it. */
function putProfile(name: string): void {
  const directory = home.env["ANTHROPIC_CONFIG_DIR"] ?? "";
  for (const folder of ["configs", "credentials"]) {
    mkdirSync(join(directory, folder), { recursive: true });
  }
  const put = (folder: string, value: object) =>
    writeFileSync(join(directory, folder, `${name}.json`), JSON.stringify(value));
  put("configs", { authentication: { type: "user_oauth" } });
  put("credentials", { access_token: "sk-ant-oat01-TEST-profile" });
}

function records(login = "default") {
  const directory = join(home.stateDir, "pilotlight");
  mkdirSync(directory, { recursive: true });
  return fileLoginRecords({
    directory,
    login,
    format: credentialsFile,
    files: durableFiles(),
    clock: systemClock,
  });
}

describe("status --json", () => {
  it("follows its schema for a fresh login", async () => {
    const path = putLogin(home.configDir);
    const { exit, effective, logins } = await report();
    expect(exit).toBe(0);
    expect(effective).toEqual({ source: "claude-file", billing: "subscription", shadowed: [] });
    expect(logins).toMatchObject([
      {
        name: "default",
        source: "claude-file",
        path,
        phase: "fresh",
        usable: true,
        refreshable: true,
        driver: "cli",
        action: null,
        accessToken: { kind: "oauth", fingerprint: fingerprintOf("sk-ant-oat01-TEST-access") },
        refreshToken: {
          present: true,
          fingerprint: fingerprintOf("sk-ant-ort01-TEST-refresh"),
        },
        loginEndsInDays: 24,
        subscriptionType: "max",
        proof: { state: "unproved", at: null, by: null, code: null },
        inDoubt: false,
      },
    ]);
  });

  it.each([
    ["nothing at all", () => {}, 66, "absent", "no_credential"],
    [
      "an expired login",
      () => putLogin(home.configDir, { expiresAt: 1 }),
      0,
      "expired",
      "refresh_due",
    ],
    [
      "seconds",
      () => putLogin(home.configDir, { expiresAt: Math.floor(Date.now() / 1000) + 9999 }),
      0,
      "expired",
      "expires_at_in_seconds",
    ],
    [
      "a date no calendar has",
      () => putLogin(home.configDir, { expiresAt: 1e200 }),
      0,
      "fresh",
      null,
    ],
    [
      "a blanked login",
      () => putLogin(home.configDir, { accessToken: "", refreshToken: "", expiresAt: 0 }),
      77,
      "blanked",
      "login_blanked",
    ],
    [
      "an expired login that nobody can refresh",
      () => putLogin(home.configDir, { expiresAt: 1, refreshToken: null }),
      77,
      "expired",
      "not_refreshable",
    ],
  ])("follows it for %s", async (_name, put, exit, phase, code) => {
    put();
    const { logins, ...rest } = await report();
    expect(rest.exit).toBe(exit);
    expect(logins[0]).toMatchObject({ phase });
    expect(logins[0]?.action?.code ?? null).toBe(code);
  });

  it("knows what the server said, from the record", async () => {
    putLogin(home.configDir);
    const at = Date.now() - 60_000;
    const record = await records().read();
    const refresh = fingerprintOf("sk-ant-ort01-TEST-refresh");
    const verdict = { kind: "ended", refresh, at, code: "login_ended" } as const;
    await records().write({ ...record, verdict });
    const { exit, logins } = await report();
    expect(exit).toBe(77);
    expect(logins[0]).toMatchObject({
      phase: "ended",
      proof: {
        state: "refuted",
        by: "refresh",
        code: "login_ended",
        at: new Date(at).toISOString(),
      },
      action: { code: "login_ended", command: "pilotlight login", by: "person" },
    });
  });

  it("refuses the state of a newer Pilotlight", async () => {
    putLogin(home.configDir);
    await records().write(await records().read());
    const path = join(home.stateDir, "pilotlight", "logins", "default.json");
    writeFileSync(path, '{"schema": 99, "version": 99}');
    const { exit, err } = await runHere(["status"], home.env);
    expect(exit).toBe(78);
    expect(err).toMatch(/^pilotlight: state_newer: /);
  });

  it("reports every configured login, and exits with the worst", async () => {
    for (const name of ["good", "gone", "torn"]) mkdirSync(join(home.home, name));
    configure("[logins.good]\ndir = '~/good'\n[logins.torn]\ndir = '~/torn'\n");
    putLogin(join(home.home, "good"));
    writeFileSync(putLogin(join(home.home, "torn")), "{");
    const both = await report();
    expect(both.exit).toBe(65);
    expect(both.logins.map(({ name, phase }) => [name, phase])).toEqual([
      ["good", "fresh"],
      ["torn", "unreadable"],
    ]);
    const one = await report({}, ["--login", "good"]);
    expect([one.exit, one.logins.length]).toEqual([0, 1]);
  });
});

describe("the credential that Claude Code will use", () => {
  const KEY = { ANTHROPIC_API_KEY: "sk-ant-api03-TEST" };
  const TOKEN = { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TEST-year" };

  it("is told when a key shadows the login", async () => {
    putLogin(home.configDir);
    const { exit, effective, logins } = await report(KEY);
    expect(exit).toBe(0);
    expect(effective).toEqual({
      source: "ANTHROPIC_API_KEY",
      billing: "api",
      shadowed: ["claude-file"],
    });
    expect(logins[0]?.source).toBe("claude-file");
    const { out } = await runHere(["status"], { ...home.env, ...KEY });
    expect(out).toContain("Claude Code will use ANTHROPIC_API_KEY, which shadows claude-file");
  });

  it("is told when it stands in settings.json only", async () => {
    putLogin(home.configDir);
    settings({ env: KEY });
    expect((await report()).effective.source).toBe("ANTHROPIC_API_KEY");
    settings({ apiKeyHelper: "/bin/helper" });
    expect((await report()).effective).toMatchObject({ source: "apiKeyHelper", billing: "api" });
  });

  it.each([
    ["a setup-token", TOKEN, "CLAUDE_CODE_OAUTH_TOKEN", "setup-token"],
    ["an API key", KEY, "ANTHROPIC_API_KEY", "api-key"],
    ["a gateway's token", { ANTHROPIC_AUTH_TOKEN: "TEST" }, "ANTHROPIC_AUTH_TOKEN", "api-key"],
  ])("stands in for a login where there is none: %s", async (_name, env, source, kind) => {
    const { exit, logins } = await report(env);
    expect(exit).toBe(0);
    expect(logins).toMatchObject([
      {
        name: "default",
        source,
        path: null,
        phase: "static",
        usable: true,
        refreshable: false,
        action: null,
        accessToken: { kind, expiresAt: null },
        refreshToken: { present: false, fingerprint: null },
      },
    ]);
  });

  it.each([
    ["a helper", {}, { apiKeyHelper: "/bin/helper" }, "apiKeyHelper"],
    ["a cloud", { CLAUDE_CODE_USE_BEDROCK: "1" }, {}, "cloud:bedrock"],
    ["a profile", { ANTHROPIC_PROFILE: "work" }, {}, "profile"],
    ["an active profile", {}, {}, "profile"],
  ])("stands in for one without a token to show: %s", async (_name, env, set, source) => {
    settings(set);
    if (source === "profile") for (const name of ["work", "default"]) putProfile(name);
    const { exit, logins } = await report(env);
    expect(exit).toBe(0);
    expect(logins).toMatchObject([{ source, phase: "static", usable: true, accessToken: null }]);
  });

  it("is not a profile that is not there, as Claude Code passes over it", async () => {
    const { exit, effective } = await report({ ANTHROPIC_PROFILE: "work" });
    expect([exit, effective.source]).toEqual([66, "none"]);
  });

  it("does not stand in for a login that somebody configured", async () => {
    mkdirSync(join(home.home, "bot"));
    configure("[logins.bot]\ndir = '~/bot'\n");
    const { exit, logins } = await report(KEY);
    expect(exit).toBe(66);
    expect(logins).toMatchObject([{ name: "bot", phase: "absent" }]);
  });
});

describe("status for people", () => {
  it("is short when all is well", async () => {
    const path = putLogin(home.configDir);
    const { out } = await runHere(["status"], home.env);
    expect(out.split("\n")).toEqual([
      "default  fresh",
      expect.stringMatching(
        /^ {2}access token {2}ends in (8 h 0|7 h 59) min \(.* UTC\) {2}sha256:\w{8}$/,
      ),
      "  proof         none: nothing here has seen the server accept it",
      expect.stringMatching(/^ {2}login {9}ends in (24|25) days \(.* UTC\)$/),
      `  file          ${path}`,
      "",
    ]);
  });

  it("says what a job fails with, however good the login", async () => {
    putLogin(home.configDir);
    writeFileSync(join(home.configDir, "settings.json"), "{");
    const { out, exit } = await runHere(["status"], home.env);
    expect(out).toMatch(/^A job here fails: .*settings\.json: line 1, column 2: .*\. Correct /);
    expect(exit).toBe(0);
  });

  it("says the one next step, with a command that can be typed", async () => {
    const path = putLogin(home.configDir, { accessToken: "", refreshToken: "" });
    const { exit, out } = await runHere(["status"], home.env);
    expect(exit).toBe(77);
    expect(out).toContain(`next          ${path}: the tokens in the store were blanked`);
    expect(out).toMatch(/^ +\$ pilotlight login$/m);
  });

  it("gives a command that signs in to the login it is about", async () => {
    const dir = join(home.home, "it's");
    mkdirSync(dir);
    configure(`[logins.bot]\ndir = "${dir}"\n`);
    const { out } = await runHere(["status"], home.env);
    expect(out).toContain("$ pilotlight login --login bot\n");
    putLogin(dir, { expiresAt: 1 });
    expect((await runHere(["status"], home.env)).out).toContain(
      "$ pilotlight refresh --login bot\n",
    );
  });

  it("prints nothing of a path that a terminal would obey", async () => {
    const dir = join(home.home, "a\u001B[2Jb\nc");
    mkdirSync(dir);
    putLogin(dir);
    const { out } = await runHere(["status"], { ...home.env, CLAUDE_CONFIG_DIR: dir });
    expect(out).toContain("/a\uFFFD[2Jb\uFFFDc/.credentials.json\n");
    const bad = { ...home.env, PILOTLIGHT_CONFIG: join(dir, "none") };
    const { err } = await runHere(["status"], bad);
    expect(err).toMatch(/^pilotlight: config_invalid: .*a\uFFFD\[2Jb\uFFFDc.*\n$/);
  });

  needs("linux").it(
    "waits for no writer and reads no device to its end",
    () => {
      putLogin(home.configDir);
      const pipe = (path: string) => spawnSync("mkfifo", [path]);
      for (const name of ["settings.json", ".claude.json"]) pipe(join(home.configDir, name));
      symlinkSync("/dev/zero", join(home.env["ANTHROPIC_CONFIG_DIR"] ?? "", "active_config"));
      const options = { env: home.env, encoding: "utf8", timeout: 10_000 } as const;
      const start = () => spawnSync(process.execPath, [BIN, "status", "--json"], options);
      expect(start()).toMatchObject({ status: 0, signal: null });
      const state = join(home.stateDir, "pilotlight", "logins");
      mkdirSync(state, { recursive: true });
      pipe(join(state, "default.json"));
      expect(start()).toMatchObject({
        status: 78,
        stderr: expect.stringMatching(/^pilotlight: state_unreadable: .*no regular file/),
      });
      mkdirSync(join(home.home, ".config", "pilotlight"));
      pipe(join(home.home, ".config", "pilotlight", "config.toml"));
      expect(start()).toMatchObject({
        status: 78,
        stderr: expect.stringMatching(/^pilotlight: config_invalid: .*no regular file/),
      });
    },
    60_000,
  );

  it("says what Claude Code will use, when that is no subscription", async () => {
    const { out } = await runHere(["status"], home.env);
    expect(out).toMatch(/^Claude Code will use none \(billing: none\)\n/);
  });
});
