import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DrillReport } from "../../src/sandbox/drill/drill.ts";
import { until } from "./support/expectations.ts";
import { endProcessesUnder, processesUnder } from "./support/processes.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BIN = at("../../bin/pilotlight.mjs");
const STAND_IN = at("../../src/sandbox/stand-in/stand-in.ts");
const PATIENCE = 280_000;

let root: string;
let home: string;
let temp: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  [home, temp] = [join(root, "home"), join(root, "temp")];
  for (const folder of [join(home, ".claude"), temp]) mkdirSync(folder, { recursive: true });
});
afterEach(async () => {
  await endProcessesUnder(root);
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

/** What a child must never get to see: each would win over the login of the drill, or lead to another. */
const poison = () => ({
  HOME: home,
  USERPROFILE: home,
  XDG_CONFIG_HOME: join(home, ".config"),
  XDG_STATE_HOME: join(home, ".state"),
  CLAUDE_CONFIG_DIR: join(home, ".claude"),
  CLAUDE_SECURESTORAGE_CONFIG_DIR: join(home, ".claude"),
  PILOTLIGHT_STATE_DIR: join(home, ".state"),
  PILOTLIGHT_CLAUDE: join(home, "no-such-claude"),
  ANTHROPIC_API_KEY: "sk-ant-api03-TEST-poison",
  ANTHROPIC_AUTH_TOKEN: "sk-ant-oat01-TEST-poison",
  CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TEST-poison",
  CLAUDE_CODE_USE_BEDROCK: "poison",
  ANTHROPIC_BASE_URL: "http://127.0.0.1:9/poison",
  HTTPS_PROXY: "http://127.0.0.1:9/poison",
  NODE_OPTIONS: "--title=poison",
  PILOTLIGHT_NESTED: "poison",
});

function startDrill(flags: readonly string[]) {
  const path = process.env["PATH"] ?? "";
  const child = spawn(process.execPath, [BIN, "drill", ...flags], {
    cwd: root,
    env: { PATH: path, TMPDIR: temp, ...poison() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const ended = once(child, "close").then(([code, signal]: unknown[]) => ({
    code,
    signal,
    stdout,
    stderr,
  }));
  return { child, ended };
}

/** A Claude Code that is the stand-in, and does something before. @returns its path */
function claudeThat(does: string): string {
  const claude = join(root, "claude");
  writeFileSync(claude, `#!/bin/sh\n${does}\nexec ${process.execPath} ${STAND_IN} "$@"\n`);
  chmodSync(claude, 0o755);
  return claude;
}

describe("the drill", () => {
  it(
    "brings every job that could succeed through a short night, without anything of its own user's",
    async () => {
      const seen = join(root, "seen");
      const claude = claudeThat(`env >>${seen}`);
      writeFileSync(join(home, ".claude", ".credentials.json"), "{}");
      const before = readdirSync(home, { recursive: true });
      const { ended } = startDrill(["--short", "--json", "--claude", claude]);
      const { code, stdout, stderr } = await ended;
      expect([code, stderr]).toEqual([0, ""]);

      const report = JSON.parse(stdout) as DrillReport;
      expect(report).toMatchObject({ schema: "pilotlight.drill/v1", ok: true, claude });
      expect(report.notRehearsed.filter(({ what }) => what.includes("kill"))).toEqual([]);
      const [build] = report.builds;
      expect(build?.with.succeeded).toBe(build?.with.could);
      expect(build?.with).toMatchObject({ silentFailures: 0, doubleSpends: 0, lostLogins: 0 });
      expect(build?.with.could).toBeGreaterThan(8);
      // The kills cost the same night without it two logins, or it rehearses nothing.
      expect(build?.without.lost.map(({ hour }) => hour)).toEqual(expect.arrayContaining([55, 65]));
      expect(build?.without.jobs).toBe(build?.with.jobs);
      expect(`${stdout}${stderr}`).not.toContain("sk-ant-");

      const text = readFileSync(seen, "utf8");
      expect(text).toContain("\nCLAUDE_CONFIG_DIR=");
      expect(text).not.toContain("poison");
      expect(text).not.toContain(home);
      expect(text).not.toMatch(
        /^(ANTHROPIC_(?!CONFIG_DIR=)|CLAUDE_CODE_(OAUTH|USE)|NODE_OPTIONS)/m,
      );
      expect(readdirSync(home, { recursive: true })).toEqual(before);
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    "leaves no folder and no process when it is interrupted in mid-refresh",
    async () => {
      // Nothing but the drill will end it: it has a session of its own.
      const claude = claudeThat('case "$*" in *"mcp list"*) exec sleep 300 ;; esac');
      const { child, ended } = startDrill(["--short", "--claude", claude]);
      const staged = () => globSync(join(temp, "**", "mcp-list", ".credentials.json"));
      await until("a rehearsal of a refresh", () => staged().length > 0);
      expect(processesUnder(temp).length).toBeGreaterThan(1);
      child.kill("SIGINT");
      const { code, signal, stdout } = await ended;
      expect([code, signal, stdout]).toEqual([null, "SIGINT", ""]);
      expect(processesUnder(temp)).toEqual([]);
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it("says which file it takes for a Claude Code", async () => {
    const { ended } = startDrill(["--claude", "/bin/true"]);
    const { code, stdout, stderr } = await ended;
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain("the file must be called claude or cli.js");
  });
});
