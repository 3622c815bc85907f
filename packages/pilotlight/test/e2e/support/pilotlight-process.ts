import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../../bin/pilotlight.mjs", import.meta.url));

/** Far beyond every patience of the product but the 150 s one, which no test waits for. */
const LIMIT_MS = 100_000;

/** How a command line ended. */
export interface Finished {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that runs. */
export interface Running {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  /** Its stdout so far. */
  printed(): string;
  /** Its stderr so far. */
  said(): string;
  /** Sends a signal to its process group, as a terminal does. */
  signalGroup(name: NodeJS.Signals): void;
  /** Sends a signal to the process alone. */
  signal(name: NodeJS.Signals): void;
}

/** Starts `pilotlight <args>` in a process group of its own, with `env` and nothing else for its environment. */
export function startPilotlight(args: readonly string[], env: Record<string, string>): Running {
  const child = spawn(process.execPath, [BIN, ...args], {
    env,
    cwd: env["HOME"],
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("pilotlight could not be started");
  const send = (target: number, name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(target, name);
  };
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const timer = setTimeout(() => send(-pid, "SIGKILL"), LIMIT_MS);
  const finished = new Promise<Finished>((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: stdout(), stderr: stderr() });
    });
  });
  return {
    pid,
    finished,
    printed: stdout,
    said: stderr,
    signalGroup: (name) => send(-pid, name),
    signal: (name) => send(pid, name),
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => void (text += chunk));
  return () => text;
}
