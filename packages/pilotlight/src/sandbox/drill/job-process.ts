import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** How a job ended. */
export interface JobEnded {
  /** `null` when a signal ended it. */
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It had not ended by itself after 2 minutes. */
  readonly isHung: boolean;
}

/** A job that runs. */
export interface RunningJob {
  readonly ended: Promise<JobEnded>;
  /** Its stdout so far. */
  printed(): string;
  /** Sends SIGKILL to the process alone, as the kernel does when memory is short. */
  kill(): void;
}

export interface JobOptions {
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the job's whole process group at once. */
  readonly signal: AbortSignal;
}

/** ms. Longer than any patience that a night can lead to. */
const LIMIT = 120_000;

/** Starts a command in a process group of its own, without input. */
export function startJob(
  [program = "", ...args]: readonly string[],
  options: JobOptions,
): RunningJob {
  const { cwd, env, signal } = options;
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  const end = (target: number | undefined) => {
    if (target !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(target, "SIGKILL");
  };
  const endAll = () => end(pid === undefined ? undefined : -pid);
  const over = new AbortController();
  signal.addEventListener("abort", endAll, { signal: over.signal });
  if (signal.aborted) endAll();
  let isHung = false;
  void sleep(LIMIT, undefined, { signal: over.signal }).then(
    () => {
      isHung = true;
      endAll();
    },
    () => undefined,
  );
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = new Promise<JobEnded>((resolve) => {
    const settle = (exit: number | null, said = "") => {
      over.abort();
      resolve({ exit, stdout: stdout(), stderr: `${stderr()}${said}`, isHung });
    };
    child.once("error", (error) => settle(127, error.message));
    child.once("close", (code) => settle(code));
  });
  return { ended, printed: stdout, kill: () => end(pid) };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => void (text += chunk));
  return () => text;
}
