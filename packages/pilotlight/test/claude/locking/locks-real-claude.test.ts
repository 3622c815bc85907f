import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { lockOwner } from "../../../src/claude/locking/lock-owner.ts";
import { claudeLocks } from "../../../src/claude/locking/locks.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { runClaude } from "../../support/run-claude.ts";
import { realClock } from "./lock-programs/clocks.ts";
import { startProgram } from "./lock-programs/start-program.ts";

const ASK = ["mcp", "list"];
const ASK_OLD = ["-p", ".", "--model", "none-such", "--max-turns", "1"];

let sandbox: Sandbox;
let home: IsolatedHome;
let file: string;
let refreshLock: string;
let before: string;

beforeEach(async () => {
  sandbox = await startSandbox();
  home = isolatedHome();
  file = join(home.configDir, ".credentials.json");
  refreshLock = join(home.configDir, ".oauth_refresh.lock");
  before = JSON.stringify(sandbox.signIn({ accessTokenLife: 0 }));
  writeFileSync(file, before, { mode: 0o600 });
});

afterEach(async () => {
  await sandbox.stop();
  home.cleanup();
});

function run(build: ClaudeBuild, args = ASK) {
  return runClaude(build, args, { cwd: home.home, env: { ...home.env, ...sandbox.env() } });
}

function isRefreshed(): boolean {
  const refreshTokenIn = (text: string) => JSON.parse(text).claudeAiOauth.refreshToken as string;
  return refreshTokenIn(readFileSync(file, "utf8")) !== refreshTokenIn(before);
}

function ours(waitMs: number) {
  return claudeLocks({ directory: home.configDir, clock: realClock(), waitMs });
}

/** The locks of a login; that of `.claude.json` is Claude Code's own affair, and can be held when it is killed. */
function leftovers(): string[] {
  const names = [...readdirSync(home.configDir), ...readdirSync(home.home)];
  const locks = names.filter((name) => /\.lock(\.|$)/.test(name));
  return locks.filter((name) => !name.startsWith(".claude.json.lock"));
}

/** Takes the locks in a process of its own and kills it. */
async function killedHolder(): Promise<void> {
  const holder = startProgram("hold", [home.configDir]);
  expect(await holder.line()).toBe("held");
  holder.child.kill("SIGKILL");
  await holder.end;
  expect(leftovers()).toHaveLength(3);
}

/** Starts the CLI against an endpoint that takes 5 s, and resolves once it has noted down that it holds the locks. */
async function claudeInGrant(build: ClaudeBuild) {
  sandbox.fault({ name: "token-slow", delayMs: 5_000, times: 1 });
  const [command, ...first] = build.command;
  const child = spawn(command, [...first, ...ASK], {
    cwd: home.home,
    env: { ...home.env, ...sandbox.env() },
    stdio: "ignore",
    detached: true,
  });
  const ended = once(child, "exit");
  await expect.poll(() => existsSync(`${refreshLock}.owner`), { timeout: 20_000 }).toBe(true);
  await expect.poll(() => sandbox.tokenPosts().length, { timeout: 5_000 }).toBe(1);
  return { pid: child.pid ?? 0, ended };
}

describe("the locks, shared with the real Claude Code", () => {
  claudeTest(
    "2.1.329",
    "knows by our owner file that we were killed, and refreshes",
    async (build) => {
      await killedHolder();
      await run(build);
      expect(isRefreshed()).toBe(true);
      expect(sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expect(leftovers()).toEqual([]);
    },
  );

  claudeTest(
    "2.1.329",
    "does not refresh when the same orphan lacks the owner file",
    async (build) => {
      await killedHolder();
      rmSync(`${refreshLock}.owner`);
      await run(build);
      expect(isRefreshed()).toBe(false);
      expect(sandbox.tokenPosts()).toEqual([]);
    },
  );

  claudeTest(
    "2.1.329",
    "leaves an owner file by which we know at once that it was killed",
    async (build) => {
      const { pid, ended } = await claudeInGrant(build);
      const theirs = JSON.parse(readFileSync(`${refreshLock}.owner`, "utf8"));
      process.kill(-pid, "SIGKILL");
      await ended;
      expect(leftovers()).toHaveLength(3);
      expect(await ours(0).withRefreshLocks((lock) => lock.isHeld())).toEqual({ done: true });
      expect(leftovers()).toEqual([]);

      const path = join(home.home, "owner");
      lockOwner(path).write({ lock: theirs.lockBirthtimeMs, legacy: theirs.legacyLockBirthtimeMs });
      const { bootId: _, ...same } = JSON.parse(readFileSync(path, "utf8"));
      expect({ ...theirs, pid: 0, procStart: "" }).toEqual({ ...same, pid: 0, procStart: "" });
    },
  );

  claudeTest("2.1.329", "makes us wait while it refreshes", async (build) => {
    const { ended } = await claudeInGrant(build);
    expect(await ours(500).withRefreshLocks(async () => "never")).toHaveProperty("busy");
    const result = await ours(30_000).withRefreshLocks(async () => isRefreshed());
    expect(result).toEqual({ done: true });
    await ended;
    expect(sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  });

  for (const [version, args] of [
    ["2.1.329", ASK],
    ["2.1.216", ASK],
    ["2.1.104", ASK_OLD],
  ] as const) {
    claudeTest(
      version,
      "waits while we hold the locks, and refreshes when we let go",
      async (build) => {
        const running = await ours(0).withRefreshLocks(async () => {
          const started = run(build, [...args]);
          await realClock().sleep(3_000);
          expect(sandbox.tokenPosts()).toEqual([]);
          return { started };
        });
        if ("busy" in running) throw new Error(running.busy);
        await running.done.started;
        expect(isRefreshed()).toBe(true);
        expect(sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
        expect(leftovers()).toEqual([]);
      },
    );
  }
});
