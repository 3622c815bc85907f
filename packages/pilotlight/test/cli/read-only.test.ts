import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { needs } from "../support/needs.ts";
import { putLogin } from "./a-login.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BUILDS = [
  { build: "a clone", entry: at("../../bin/pilotlight.mjs") },
  { build: "the package", entry: at("../../dist/cli.mjs") },
].filter(({ entry }) => existsSync(entry));

/** Whatever changes a file system, talks to anybody or starts anything. */
const TRACED = [
  "openat,open,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir",
  "link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,utimensat,mknod,mknodat",
  "socket,connect,bind,sendto,execve,execveat,fork,vfork,kill",
].join();
const HARMLESS = [
  // Reading.
  /^(openat|open)\((?!.*O_(WRONLY|RDWR|CREAT|TRUNC))/,
  // Devices are no files of anybody.
  /^openat\([^,]*, "\/dev\//,
];

/** What is read-only, and how each ends: where there is nothing, with a good login, with an expired one. */
const COMMANDS = [
  { name: "status", args: ["status", "--json"], exits: [66, 0, 0] },
  { name: "check", args: ["check", "--warn-login", "5d"], exits: [2, 0, 1] },
  { name: "doctor", args: ["doctor", "--json", "--scan", "."], exits: [66, 0, 0] },
] as const;
const CASES = BUILDS.flatMap((build) => COMMANDS.map((command) => ({ ...build, ...command })));

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

/** A login with a config file, settings and a record of an earlier refresh. */
function furnish(): void {
  putLogin(home.configDir);
  writeFileSync(
    join(home.configDir, "settings.json"),
    '{"env":{"HTTPS_PROXY":"http://127.0.0.1:9"}}',
  );
  const config = join(home.home, ".config", "pilotlight");
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, "config.toml"), 'lock_wait = "5s"\n');
  const logins = join(home.stateDir, "pilotlight", "logins");
  mkdirSync(logins, { recursive: true });
  const access = fingerprintOf("sk-ant-oat01-TEST-access");
  const verdict = { kind: "proved", access, at: Date.now(), by: "refresh" };
  writeFileSync(join(logins, "default.json"), JSON.stringify({ schema: 1, verdict }));
}

/** A Claude Code that is only looked at: a start of it would be seen. */
function putClaude(): void {
  mkdirSync(join(home.home, "bin"));
  writeFileSync(join(home.home, "bin", "claude"), "#!/usr/bin/env node\n", { mode: 0o755 });
}

function snapshot(dir: string): readonly unknown[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const { size, mtimeMs, ctimeMs, ino } = statSync(join(dir, name));
      return [name, size, mtimeMs, ctimeMs, ino];
    });
}

function start(command: string, args: readonly string[]) {
  return spawnSync(command, args, {
    env: { ...home.env, PILOTLIGHT_CLAUDE: join(home.home, "bin", "claude") },
    cwd: home.home,
    encoding: "utf8",
    timeout: 60_000,
  });
}

describe.each(CASES)("$name of $build", ({ entry, name, args, exits }) => {
  it.each([
    ["where there is nothing at all", () => {}, exits[0]],
    ["with a login, a config file and a record", furnish, exits[1]],
    ["with an expired login", () => void putLogin(home.configDir, { expiresAt: 1 }), exits[2]],
  ])("leaves every file as it was, %s", (_name, prepare, exit) => {
    putClaude();
    prepare();
    const before = snapshot(home.home);
    expect(start(process.execPath, [entry, ...args]).status).toBe(exit);
    expect(snapshot(home.home)).toEqual(before);
  });

  needs("linux", "strace").it(
    "writes nothing, talks to nobody and starts nothing, by its system calls",
    () => {
      putClaude();
      furnish();
      const log = join(home.home, "..", "strace.log");
      const options = ["-f", "-qq", "-o", log, "-e", `trace=${TRACED}`];
      const command = [process.execPath, entry, ...args];
      expect(start("strace", [...options, ...command]).status).toBe(0);
      const calls = readFileSync(log, "utf8")
        .split("\n")
        .map((line) => line.replace(/^\d+ +/, ""))
        .filter((line) => /^\w+\(/.test(line));
      const [first = "", ...rest] = calls;
      expect(first).toMatch(/^execve\(/);
      expect(rest.filter((call) => !HARMLESS.some((pattern) => pattern.test(call)))).toEqual([]);
      // The trace is not empty for a wrong reason: the login was read.
      expect(rest.join("\n")).toContain(join(home.configDir, ".credentials.json"));
    },
    90_000,
  );

  // Nobody runs doctor often enough to mind what it loads.
  if (name === "doctor") return;

  it("loads nothing heavy", () => {
    furnish();
    const listing = join(home.home, "..", "loaded.json");
    const probe = join(home.home, "..", "probe.mjs");
    writeFileSync(
      probe,
      `import { writeFileSync } from "node:fs";
       import { registerHooks } from "node:module";
       const urls = [];
       registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
       process.on("exit", () => {
         const builtins = process.moduleLoadList.filter((name) => /^NativeModule /.test(name));
         writeFileSync(${JSON.stringify(listing)}, JSON.stringify({ urls, builtins }));
       });`,
    );
    const run = start(process.execPath, ["--import", probe, entry, ...args]);
    expect(run.status).toBe(0);
    const { urls, builtins } = JSON.parse(readFileSync(listing, "utf8")) as {
      urls: readonly string[];
      builtins: readonly string[];
    };
    expect(urls.length).toBeGreaterThan(1);
    const heavy =
      /node_modules\/(zod|hono|@hono|undici|@peculiar|commander)\/|\/src\/(sandbox|oauth\/token)/;
    expect(urls.filter((url) => heavy.test(url))).toEqual([]);
    const native =
      /^NativeModule (sqlite|http|http2|https|_http_\w+|tls|internal\/deps\/undici.*)$/;
    expect(builtins.filter((name) => native.test(name))).toEqual([]);
  });
});
