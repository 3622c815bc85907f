import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { isatty } from "node:tty";
import type { ChildEnd } from "./child-end.ts";
import type { ChildSpec } from "./child-spec.ts";
import { type NotStarted, whyNotStarted } from "./not-started.ts";
import { endedWithUs } from "./parent-death.ts";

/** A child that runs, in our process group and session. Passed descriptors are UNIX sockets, as Node makes them. */
export interface Child {
  readonly kind: "running";
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Resolves when the process has ended; its output may still be on the way (`passThrough` waits for that). */
  readonly ended: Promise<ChildEnd>;
  /** Sends a signal; false when the process has ended already. */
  signal(name: NodeJS.Signals): boolean;
}

/**
 * Starts a command. Never throws: a command that cannot be started is a `NotStarted`.
 * Passed output has to be read at once, without waiting for anything else: what nobody reads when the
 * child exits is dropped by Node.
 */
export async function startChild(spec: ChildSpec): Promise<Child | NotStarted> {
  const isOnTerminal = spec.input === "inherit" && spec.output === "inherit" && isatty(0);
  const [program, ...args] = isOnTerminal ? endedWithUs(spec) : spec.argv;
  try {
    const child = spawn(program, args, {
      cwd: spec.cwd,
      env: spec.env,
      stdio: [streamFor(spec.input), streamFor(spec.output), streamFor(spec.output)],
      // A session of its own would lose the terminal, and a signal to the process group with it.
      detached: false,
      shell: false,
      windowsHide: true,
    });
    const ended = endOf(child);
    await new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return running(child, ended);
  } catch (error) {
    return whyNotStarted(error, spec);
  }
}

function streamFor(choice: "inherit" | "pass"): "inherit" | "pipe" {
  return choice === "pass" ? "pipe" : "inherit";
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      resolve(
        signal === null ? { kind: "exited", code: code ?? 0 } : { kind: "signalled", signal },
      );
    });
  });
}

function running(child: ChildProcess, ended: Promise<ChildEnd>): Child {
  // A signal that cannot be sent (the child changed its user) is reported here, and is no end of ours.
  child.on("error", () => undefined);
  return {
    kind: "running",
    pid: child.pid ?? 0,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    signal: (name) => child.kill(name),
  };
}
