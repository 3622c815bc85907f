import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ErrorCode, TRAITS, traitsOf } from "../../src/core/errors.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { putLogin } from "./a-login.ts";
import { runHere } from "./run-here.ts";

const BIN = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));
const MANIFEST = fileURLToPath(new URL("../../package.json", import.meta.url));
const CODES = Object.keys(TRAITS) as ErrorCode[];

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

describe("the command line", () => {
  it.each([["--help"], ["status", "--help"], ["refresh", "-h"], ["sandbox", "--help"], ["help"]])(
    "%s %s shows every exit code that there is",
    async (...argv) => {
      const { exit, out, err } = await runHere(argv, home.env);
      expect([exit, err]).toEqual([0, ""]);
      for (const status of new Set(CODES.map((code) => traitsOf(code).exit))) {
        expect(out).toMatch(new RegExp(`^ .*\\b${status}  \\w`, "m"));
      }
    },
  );

  it("tells its version", async () => {
    const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { version: string };
    expect(await runHere(["--version"], home.env)).toEqual({
      exit: 0,
      out: `${version}\n`,
      err: "",
    });
  });

  it.each([
    [["refesh"], 'there is no command "refesh"'],
    [["--no-such"], "--no-such"],
    [["status", "--no-such"], "--no-such"],
    [["status", "more"], "more"],
    [["status", "--login"], "--login"],
    [["status", "--login", "nobody"], '"nobody" (known: default)'],
    [["refresh", "--login", "nobody"], '"nobody"'],
    [["refresh", "--min-ttl"], "--min-ttl"],
    [["refresh", "--min-ttl", "soon"], "--min-ttl soon is no time such as 30m"],
    [["refresh", "--min-ttl", "-5m"], "--min-ttl"],
    [["refresh", "--min-ttl", "30"], "--min-ttl 30 is no time"],
    [["sandbox", "--port", "99999"], "--port 99999 is no port"],
    [["sandbox", "--port", "x"], "--port x is no port"],
    [["sandbox", "--token-life", "8"], "--token-life 8 is no time"],
    [["sandbox", "--login-life", "1ms"], "--login-life"],
    [["sandbox", "--reuse", "never"], "--reuse never"],
    [["help", "no_such_code"], "no_such_code"],
    [["help", "toString"], "toString"],
  ])("refuses %j with 64, one line and nothing on stdout", async (argv, part) => {
    const { exit, out, err } = await runHere(argv, home.env);
    expect([exit, out]).toEqual([64, ""]);
    expect(err).toContain(part);
    expect(err).toMatch(/^pilotlight: usage: [^\n]+\. See --help [^\n]+\n$/);
  });

  it("says it to machines too, with --json", async () => {
    const { exit, out, err } = await runHere(["refesh", "--json"], home.env);
    expect(exit).toBe(64);
    expect(JSON.parse(out)).toMatchObject({
      schema: "pilotlight.error/v1",
      code: "usage",
      exit: 64,
      retryable: false,
      by: "person",
    });
    expect(err).toMatch(/^pilotlight: usage: /);
  });

  it("shows the status when no command is given", async () => {
    putLogin(home.configDir);
    const bare = await runHere([], home.env);
    expect(bare.exit).toBe(0);
    expect(bare.out).toMatch(/^default {2}fresh\n/);
    const { out } = await runHere(["--json"], home.env);
    expect(JSON.parse(out)).toMatchObject({ schema: "pilotlight.status/v1" });
  });

  it("refuses to refresh for the Claude Code that it started itself", async () => {
    putLogin(home.configDir, { expiresAt: 1 });
    const { exit, err } = await runHere(["refresh"], { ...home.env, PILOTLIGHT_NESTED: "1" });
    expect(exit).toBe(78);
    expect(err).toMatch(/^pilotlight: nested: /);
  });

  it("prints a bug as one, without any token in it", async () => {
    const env = new Proxy(home.env, {
      get(target, name) {
        if (name === "HOME") throw new Error("odd: sk-ant-ort01-TEST-secret");
        return target[String(name)];
      },
    });
    const { exit, out, err } = await runHere(["status", "--json"], env);
    expect(exit).toBe(70);
    expect(err).toMatch(/^pilotlight: bug: .*odd: \[secret\]/);
    expect(out + err).not.toContain("sk-ant");
    expect(JSON.parse(out)).toMatchObject({ code: "bug", exit: 70 });
  });
});

describe("help on an error code", () => {
  it.each(CODES)("%s: what it means, what to do, its exit status", async (code) => {
    const { exit, out, err } = await runHere(["help", code], home.env);
    const { what, fix, command, exit: status } = traitsOf(code);
    expect([exit, err]).toEqual([0, ""]);
    expect(out.toLowerCase()).toContain(what.toLowerCase());
    expect(out.toLowerCase()).toContain(fix.toLowerCase());
    expect(out).toContain(`exit ${status} `);
    if (command !== undefined) expect(out).toContain(`$ ${command}\n`);
  });

  it.each(CODES)("%s: the same as JSON", async (code) => {
    const { exit, out } = await runHere(["help", code, "--json"], home.env);
    const { mover: by, command = null, ...traits } = traitsOf(code);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      schema: "pilotlight.help/v1",
      code,
      ...traits,
      command,
      by,
    });
  });
});

describe("the process", () => {
  function start(args: readonly string[], env: object = {}) {
    return spawnSync(process.execPath, [BIN, ...args], {
      env: { ...home.env, ...env },
      cwd: home.home,
      encoding: "utf8",
      timeout: 20_000,
    });
  }

  it("ends with the exit status, and writes no colour", () => {
    const { status, stdout, stderr } = start(["status"], { FORCE_COLOR: "1" });
    expect(status).toBe(66);
    expect(stderr).toBe("");
    expect(stdout).toContain(join(home.configDir, ".credentials.json"));
    expect(stdout).not.toContain("\u001B");
    expect(start(["status"], { NO_COLOR: "1" }).stdout).toBe(stdout);
  });

  it("bears a reader that goes away", () => {
    putLogin(home.configDir);
    const line = `"$0" "$1" status --json | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", line, process.execPath, BIN], {
      env: home.env,
      encoding: "utf8",
      timeout: 20_000,
    });
    expect({ stdout, stderr }).toEqual({ stdout: "0\n", stderr: "" });
  });

  it("runs in a directory that is gone", () => {
    putLogin(home.configDir);
    const gone = join(home.home, "gone");
    const started = (command: string) => {
      const line = `mkdir -p "${gone}" && cd "${gone}" && rmdir "${gone}" && "$0" "$1" ${command}`;
      const options = { env: home.env, encoding: "utf8", timeout: 20_000 } as const;
      return spawnSync("bash", ["-c", line, process.execPath, BIN], options);
    };
    for (const command of ["status", "check --json", "explain"]) {
      expect(started(command)).toMatchObject({ status: 0, stderr: "" });
    }
    expect(started("run -- claude -p hi")).toMatchObject({
      status: 64,
      stderr: expect.stringMatching(/is gone: cd again/),
    });
  });
});
