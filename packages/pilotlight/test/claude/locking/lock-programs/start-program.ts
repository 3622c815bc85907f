import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The next line of its output, stderr included; rejects when there is none any more. */
  line(): Promise<string>;
  say(text: string): void;
  /** Its exit status, `null` after a signal. */
  readonly end: Promise<number | null>;
}

export interface StartOptions {
  /** Commands in front of node, such as `unshare -m`. */
  readonly under?: readonly string[];
  readonly env?: Record<string, string>;
}

/** Starts a program of this folder; what is left of it at the end of the test is killed. */
export function startProgram(
  name: string,
  args: readonly string[],
  { under = [], env = {} }: StartOptions = {},
): Program {
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const [file = "", ...rest] = [...under, process.execPath, script, ...args];
  const child = spawn(file, rest, {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stderr.pipe(process.stderr);
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    child,
    async line() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${name} said nothing more`);
      return value;
    },
    say: (text) => void child.stdin.write(`${text}\n`),
    end: new Promise((resolve) => child.once("close", resolve)),
  };
}
