import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import type { NotStarted } from "./not-started.ts";

/** How a child ended, as its parent's `waitpid` sees it. A real-time signal cannot be told from exit 0 by Node. */
export type ChildEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: NodeJS.Signals }
  | NotStarted;

/** Signals whose default action writes a core file (signal(7)). */
const DUMPING: readonly NodeJS.Signals[] = [
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGSEGV",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGSYS",
];

/** ms that a signal to ourselves may take; without a core dump it is instant. */
const LAST_WORDS = 1000;

/** The exit status that a shell reports for such an end: the code, 128 + signal number, 127 or 126. */
export function exitStatusOf(end: ChildEnd): number {
  switch (end.kind) {
    case "exited":
      return end.code;
    case "signalled":
      return 128 + constants.signals[end.signal];
    case "not_started":
      return end.reason === "not_found" ? 127 : 126;
  }
}

/**
 * Ends this process as the child ended: the same code, or death by the same signal, so that our own
 * parent cannot tell the difference; SIGKILL included, for a supervisor that looks for the OOM killer.
 * Where that cannot be done (process 1 is deaf to its own signals, Windows, a signal that would dump a
 * second core) the exit status is the shell's, 128 + signal number.
 * Nothing runs after a signal, not even `exit` listeners: flush and clean up before.
 */
export function endAs(end: ChildEnd): never {
  if (end.kind === "signalled") raise(end.signal);
  process.exit(exitStatusOf(end));
}

function raise(signal: NodeJS.Signals): void {
  if (process.platform === "win32" || process.pid === 1) return;
  if (DUMPING.includes(signal) && !forbidCore()) return;
  shareBlocking();
  if (signal !== "SIGKILL" && signal !== "SIGSTOP") {
    // Node ignores SIGPIPE and keeps SIGUSR1 for its debugger; a listener that goes leaves the default.
    process.on(signal, () => undefined);
    process.removeAllListeners(signal);
  }
  process.kill(process.pid, signal);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WORDS);
}

/** A limit of 1 stops core files and, unlike 0, also a handler such as systemd-coredump (core(5)). */
function forbidCore(): boolean {
  const limits = ["--core=1:", "--core=0:"];
  return limits.some((limit) => {
    const args = [`--pid=${process.pid}`, limit];
    return spawnSync("prlimit", args, { stdio: "ignore" }).status === 0;
  });
}

/**
 * Node makes the pipes it reads and writes non-blocking and undoes that on `exit`, but not on a signal;
 * the next command in the same pipeline would get EAGAIN (measured on Node 24.21, 2026-11).
 */
function shareBlocking(): void {
  for (const stream of [process.stdin, process.stdout, process.stderr]) {
    const handle = Reflect.get(stream, "_handle") as StreamHandle | null | undefined;
    handle?.setBlocking?.(true);
  }
}

interface StreamHandle {
  setBlocking?(isBlocking: boolean): void;
}
