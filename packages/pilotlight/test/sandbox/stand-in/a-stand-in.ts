import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import {
  type CredentialsDocument,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from "../../../src/sandbox/index.ts";
import type { StandInVersion } from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { standIn } from "./actors.ts";

/** How a stand-in ended. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stand-in that runs. */
interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  stdout(): string;
}

/** A sandbox, a home with a credential file in it, and a stand-in to start there. */
export interface Stage {
  readonly sandbox: Sandbox;
  readonly home: IsolatedHome;
  /** The credential file. */
  readonly file: string;
  write(document: object, file?: string): void;
  stored(file?: string): CredentialsDocument["claudeAiOauth"];
  start(args: readonly string[], env?: Record<string, string>): Running;
  run(args: readonly string[], env?: Record<string, string>): Promise<Ended>;
}

/** Opens a stage for the running test; what is left of it goes when the test is over. */
export async function openStage(
  version: StandInVersion,
  options: SandboxOptions = {},
): Promise<Stage> {
  const sandbox = await startSandbox(options);
  const home = isolatedHome();
  const children: ChildProcess[] = [];
  onTestFinished(async () => {
    for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
    await sandbox.stop();
    home.cleanup();
  });
  const file = join(home.configDir, ".credentials.json");
  const actor = standIn(version);
  const start: Stage["start"] = (args, env = {}) => {
    const [program = "", ...first] = actor.command;
    const all = { ...home.env, ...actor.env(sandbox), ...env };
    const child = spawn(program, [...first, ...args], { cwd: home.home, env: all, stdio: "pipe" });
    children.push(child);
    return watch(child);
  };
  return {
    sandbox,
    home,
    file,
    write: (document, path = file) =>
      writeFileSync(path, JSON.stringify(document), { mode: 0o600 }),
    stored: (path = file) =>
      (JSON.parse(readFileSync(path, "utf8")) as CredentialsDocument).claudeAiOauth,
    start,
    run(args, env) {
      const running = start(args, env);
      running.child.stdin?.end();
      return running.ended;
    },
  };
}

function watch(child: ChildProcess): Running {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  child.stdin?.on("error", () => {});
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended, stdout: () => stdout };
}

export const HELLO = ["-p", "say hello"];

/** The lock directories, and the owner file, that stand around the credential file. */
export const locksOf = ({ home }: Stage) => [
  ...readdirSync(home.configDir).filter((name) => /\.lock(\.owner)?$/.test(name)),
  ...readdirSync(home.home).filter((name) => name.endsWith(".lock")),
];

/** Starts a grant that takes `delayMs`, and waits until the server has it. */
export async function inMidGrant(stage: Stage, delayMs: number): Promise<Running> {
  stage.write(stage.sandbox.signIn({ accessTokenLife: 0 }));
  stage.sandbox.fault({ name: "token-slow", delayMs, rotateAt: "start" });
  const running = stage.start(HELLO);
  running.child.stdin?.end();
  await vi.waitFor(() => expect(stage.sandbox.tokenPosts()).toHaveLength(1), 20_000);
  return running;
}
