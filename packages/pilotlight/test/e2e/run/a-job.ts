import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SandboxOptions } from "../../../src/sandbox/index.ts";
import type { StandInVersion } from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { openScene, type Scene } from "../support/scene.ts";

const BIN = fileURLToPath(new URL("../../../bin/pilotlight.mjs", import.meta.url));
const STAND_IN = fileURLToPath(
  new URL("../../../src/sandbox/stand-in/stand-in.ts", import.meta.url),
);
const LIMIT_MS = 60_000;

/** What a job prints, in bytes, and how it ended. */
interface JobEnded {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: Buffer;
  readonly stdout: string;
  readonly stderr: string;
}

interface Start {
  readonly stdin?: string | Buffer;
  readonly env?: Record<string, string>;
}

/** A command that runs, and whose stdin is open. */
interface RunningJob {
  readonly ended: Promise<JobEnded>;
  write(text: string): void;
  close(): void;
  kill(name: NodeJS.Signals): void;
  stdout(): string;
}

/** A scene with a `claude` on PATH that is the stand-in. */
export interface JobScene extends Scene {
  readonly path: string;
  /** Starts `argv` as it stands, in the scene's environment. */
  begin(argv: readonly string[], start?: Start): RunningJob;
  plain(argv: readonly string[], start?: Start): Promise<JobEnded>;
  /** `pilotlight run <flags> -- <command>`. */
  job(flags: readonly string[], command: readonly string[], start?: Start): Promise<JobEnded>;
}

/** Opens a scene whose `claude` behaves as the build of that version. */
export async function openJobScene(
  version: StandInVersion,
  sandbox: SandboxOptions = {},
): Promise<JobScene> {
  return withJobs(
    await openScene({ sandbox }),
    `PILOTLIGHT_STAND_IN=${version} exec ${process.execPath} ${STAND_IN} "$@"`,
  );
}

/** Adds jobs to a scene; `script` is what its `claude` does, as a shell sees it. */
export function withJobs(scene: Scene, script: string): JobScene {
  const bin = join(scene.home.home, "bin");
  mkdirSync(bin, { recursive: true });
  putProgram(join(bin, "claude"), script);
  const path = `${bin}:${scene.env["PATH"] ?? ""}`;
  const begin: JobScene["begin"] = ([program = "", ...args], { stdin, env = {} } = {}) => {
    const child = spawn(program, args, {
      cwd: scene.home.home,
      env: { ...scene.env, PATH: path, ...env },
      stdio: "pipe",
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    const chunks: Buffer[] = [];
    let stderr = "";
    child.stdin.on("error", () => {});
    child.stdout.on("data", (chunk: Buffer) => void chunks.push(chunk));
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
    if (stdin !== undefined) child.stdin.end(stdin);
    const ended = new Promise<JobEnded>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        clearTimeout(timer);
        const out = Buffer.concat(chunks);
        resolve({ code, signal, out, stdout: out.toString("utf8"), stderr });
      });
    });
    return {
      ended,
      write: (text) => void child.stdin.write(text),
      close: () => void child.stdin.end(),
      kill: (name) => void child.kill(name),
      stdout: () => Buffer.concat(chunks).toString("utf8"),
    };
  };
  const plain: JobScene["plain"] = (argv, start) => begin(argv, { stdin: "", ...start }).ended;
  return {
    ...scene,
    path,
    begin,
    plain,
    job: (flags, command, start) => plain(runOf(flags, command), start),
  };
}

/** The words of `pilotlight run`. */
export function runOf(flags: readonly string[], command: readonly string[]): string[] {
  return [process.execPath, BIN, "run", ...flags, "--", ...command];
}

export function putProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** Requests for a message that reached the server: how often the model was asked. */
export function asked({ sandbox }: Scene) {
  return sandbox.requests().filter(({ path }) => path === "/v1/messages");
}

interface HistoryRow {
  readonly kind: string;
  readonly code: string;
  readonly exit: number | null;
  readonly requestId: string | null;
}

/** What `history` tells, newest first. */
export async function historyOf(scene: Scene): Promise<readonly HistoryRow[]> {
  const { stdout } = await scene.run(["history", "--json"]);
  return (JSON.parse(stdout) as { entries: HistoryRow[] }).entries;
}
