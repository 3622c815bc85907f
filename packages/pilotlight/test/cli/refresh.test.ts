import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import { type FaultName, type Sandbox, startSandbox } from "../../src/sandbox/index.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { putLogin } from "./a-login.ts";
import { runHere } from "./run-here.ts";

const Fingerprint = z
  .string()
  .regex(/^sha256:[0-9a-f]{8}$/)
  .nullable();

/** `pilotlight.refresh/v1`; a failure that was thrown adds `error`. */
const RefreshReport = z.strictObject({
  schema: z.literal("pilotlight.refresh/v1"),
  login: z.string(),
  outcome: z.enum(["refreshed", "unchanged", "adopted", "deferred", "in_doubt", "dead", "failed"]),
  reason: z.string().nullable(),
  driver: z.enum(["cli", "endpoint"]),
  fromFingerprint: Fingerprint,
  toFingerprint: Fingerprint,
  expiresAt: z.iso.datetime().nullable(),
  durationMs: z.int().nonnegative(),
  error: z.looseObject({ schema: z.literal("pilotlight.error/v1"), code: z.string() }).optional(),
});

let home: IsolatedHome;
let sandbox: Sandbox;
let env: Record<string, string>;

beforeEach(async () => {
  home = isolatedHome();
  sandbox = await startSandbox();
  env = {
    ...home.env,
    PILOTLIGHT_DRIVER: "endpoint",
    PILOTLIGHT_ACCEPT_UNSUPPORTED: "true",
    PILOTLIGHT_TOKEN_URL: sandbox.tokenUrl,
    PILOTLIGHT_LOCK_WAIT: "2s",
  };
});
afterEach(async () => {
  await sandbox.stop();
  home.cleanup();
});

function signIn(fields: object = {}, dir = home.configDir): string {
  mkdirSync(dir, { recursive: true });
  return putLogin(dir, { ...sandbox.signIn().claudeAiOauth, expiresAt: 1, ...fields });
}

const stored = (path: string) => JSON.parse(readFileSync(path, "utf8")).claudeAiOauth;

async function refresh(...argv: readonly string[]) {
  const { exit, out, err } = await runHere(["refresh", ...argv], env);
  expect(out + err).not.toContain("sk-ant");
  return { exit, out, err };
}

async function reportOf(...argv: readonly string[]) {
  const { exit, out, err } = await refresh("--json", ...argv);
  return { exit, err, ...RefreshReport.parse(JSON.parse(out)) };
}

describe("refresh", () => {
  it("renews what has expired, and tells from what to what", async () => {
    const path = signIn();
    const before = fingerprintOf(stored(path).accessToken);
    const report = await reportOf();
    expect(report).toMatchObject({
      exit: 0,
      err: "",
      login: "default",
      outcome: "refreshed",
      reason: null,
      driver: "endpoint",
      fromFingerprint: before,
      toFingerprint: fingerprintOf(stored(path).accessToken),
      expiresAt: new Date(stored(path).expiresAt).toISOString(),
    });
    expect(report.toFingerprint).not.toBe(before);
    expect(sandbox.tokenPosts()).toHaveLength(1);
  });

  it("does nothing for a fresh token, except when told to", async () => {
    signIn({ expiresAt: Date.now() + 8 * 3_600_000 });
    expect(await reportOf()).toMatchObject({ exit: 0, outcome: "unchanged", reason: "fresh" });
    expect(await reportOf("--min-ttl", "7h")).toMatchObject({ outcome: "unchanged" });
    expect(sandbox.tokenPosts()).toHaveLength(0);
    // Of no token more is asked than half its life.
    expect(await reportOf("--min-ttl", "9h")).toMatchObject({ outcome: "unchanged" });
    expect(await reportOf("--force")).toMatchObject({ outcome: "refreshed" });
    expect(sandbox.tokenPosts()).toHaveLength(1);
  });

  it("renews what has less left than it is asked for", async () => {
    signIn({ expiresAt: Date.now() + 3 * 3_600_000 });
    expect(await reportOf("--min-ttl", "2h")).toMatchObject({ outcome: "unchanged" });
    expect(await reportOf("--min-ttl", "200m")).toMatchObject({ outcome: "refreshed" });
  });

  it("mends an end that was written in seconds", async () => {
    const path = signIn({ expiresAt: Math.floor(Date.now() / 1000) + 9999 });
    expect(await reportOf()).toMatchObject({ outcome: "refreshed" });
    expect(stored(path).expiresAt).toBeGreaterThan(Date.now());
  });

  it("bears an end that no calendar has", async () => {
    signIn({ expiresAt: 1e200 });
    expect(await reportOf()).toMatchObject({ exit: 0, outcome: "unchanged", expiresAt: null });
    expect((await refresh()).out).toContain("nothing due");
  });

  it("speaks to people in one line each", async () => {
    signIn();
    expect(await refresh()).toEqual({
      exit: 0,
      err: "",
      out: expect.stringMatching(
        /^default: refreshed, the access token ends in (8 h 0|7 h 59) min\n$/,
      ),
    });
    expect((await refresh()).out).toMatch(/^default: nothing due, the access token ends in /);
  });

  it.each([
    ["token-invalid-grant-400", "dead", "login_ended", 77],
    ["token-invalid-grant-401", "dead", "login_ended", 77],
    ["token-429", "deferred", "throttled", 75],
    ["token-500", "deferred", "endpoint_unavailable", 69],
    ["token-503-html", "deferred", "endpoint_unavailable", 69],
    ["token-403-html", "deferred", "edge_forbidden", 69],
    ["token-403-json", "failed", "endpoint_refused", 78],
    ["token-502", "in_doubt", "in_doubt", 75],
    ["token-reset", "in_doubt", "in_doubt", 75],
    ["token-rotate-then-broken-json", "in_doubt", "in_doubt", 75],
  ] as const satisfies readonly (readonly [FaultName, ...unknown[]])[])(
    "%s is %s, %s, exit %i: one line on stderr that says where and what to do",
    async (name, outcome, code, exit) => {
      const path = signIn();
      const before = readFileSync(path, "utf8");
      sandbox.fault({ name, times: 1 });
      const report = await reportOf();
      expect(report).toMatchObject({ exit, outcome, reason: code });
      expect(report.err).toMatch(new RegExp(`^pilotlight: ${code}: [^\\n]+\\. [^\\n]+\\n$`));
      expect(report.err).toContain(path);
      expect(readFileSync(path, "utf8")).toBe(before);
    },
  );

  it("refreshes every configured login, goes on after a failure, and exits with the worst", async () => {
    const config = join(home.home, "config.toml");
    writeFileSync(
      config,
      ["one", "gone", "two"].map((name) => `[logins.${name}]\ndir = "~/${name}"\n`).join(""),
    );
    Object.assign(env, { PILOTLIGHT_CONFIG: config });
    const paths = ["one", "two"].map((name) => signIn({}, join(home.home, name)));
    const { exit, out, err } = await refresh("--json");
    const reports = out
      .trim()
      .split("\n")
      .map((line) => RefreshReport.parse(JSON.parse(line)));
    expect(reports.map(({ login, outcome }) => [login, outcome])).toEqual([
      ["one", "refreshed"],
      ["gone", "failed"],
      ["two", "refreshed"],
    ]);
    expect(exit).toBe(66);
    expect(err).toMatch(/^pilotlight: no_credential: [^\n]+ gone \([^\n]+\n$/);
    for (const path of paths) expect(stored(path).expiresAt).toBeGreaterThan(Date.now());
    expect(await refresh("--login", "one")).toMatchObject({ exit: 0 });
  });

  it("goes through the proxy of its environment, and only of that", async () => {
    signIn();
    const deaf = { HTTP_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" };
    env = { ...env, ...deaf };
    expect(await reportOf()).toMatchObject({ outcome: "deferred", reason: "network_unavailable" });
    env = { ...env, NO_PROXY: "127.0.0.1" };
    expect(await reportOf()).toMatchObject({ outcome: "refreshed" });
  });
});
