import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { endProcessesUnder } from "./processes.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BIN = at("../../../bin/pilotlight.mjs");
export const STAND_IN = at("../../../src/sandbox/stand-in/stand-in.ts");

/** A place to drill in: a home that must stay as it is, and a folder for temporary files that must end up empty. */
export interface DrillPlace {
  readonly root: string;
  readonly home: string;
  readonly temp: string;
  /** Starts `pilotlight drill`, with an environment in which everything would lead elsewhere. */
  start(flags: readonly string[]): {
    readonly child: ReturnType<typeof spawn>;
    /** What it has said so far, on either stream. */
    readonly said: () => string;
    readonly ended: Promise<DrillEnded>;
  };
  /** A Claude Code that is the stand-in, and does something before. @returns its path */
  claudeThat(does: string): string;
}

interface DrillEnded {
  readonly code: unknown;
  readonly signal: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a child must never get to see: each would win over the login of the drill, or lead to another. */
const poison = (home: string) => ({
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
  CLAUDE_CODE_OAUTH_REFRESH_TOKEN: "sk-ant-ort01-TEST-poison",
  CLAUDE_CODE_USE_BEDROCK: "poison",
  ANTHROPIC_BASE_URL: "http://127.0.0.1:9/poison",
  HTTPS_PROXY: "http://127.0.0.1:9/poison",
  NODE_OPTIONS: "--title=poison",
  PILOTLIGHT_NESTED: "poison",
});

/** Makes a place for the running test; it goes with everything that still works in it. */
export function drillPlace(): DrillPlace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  const [home, temp] = [join(root, "home"), join(root, "temp")];
  for (const folder of [join(home, ".claude"), temp]) mkdirSync(folder, { recursive: true });
  onTestFinished(async () => {
    await endProcessesUnder(root);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    root,
    home,
    temp,
    start(flags) {
      const child = spawn(process.execPath, [BIN, "drill", ...flags], {
        cwd: root,
        env: { PATH: process.env["PATH"] ?? "", TMPDIR: temp, ...poison(home) },
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
      return { child, said: () => stdout + stderr, ended };
    },
    claudeThat(does) {
      const claude = join(root, "claude");
      writeFileSync(claude, `#!/bin/sh\n${does}\nexec ${process.execPath} ${STAND_IN} "$@"\n`);
      chmodSync(claude, 0o755);
      return claude;
    },
  };
}
