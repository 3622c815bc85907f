import type { Child } from "./start-child.ts";
import { isForeground, isStopped } from "./terminal.ts";

const INTERRUPTING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
const FORWARDED = [...INTERRUPTING, "SIGUSR1", "SIGUSR2"] as const;
type Forwarded = (typeof FORWARDED)[number];

/** What came to us while a job ran. */
export interface ForwardedSignals {
  /** Every signal, oldest first, whether it was forwarded or had reached the child by itself. */
  readonly received: readonly NodeJS.Signals[];
  /** Aborts at the first INT, TERM, HUP or QUIT: such a run is never repeated. */
  readonly interruption: AbortSignal;
  /** Names the child that gets signals from now on, and those that came while there was none. */
  aimAt(child: Child): void;
  /** Gives every signal its default back. */
  stop(): void;
}

/**
 * Keeps this process alive through INT, TERM, HUP, QUIT, USR1 and USR2 and hands each one to the
 * child, however often it comes; we end when, and as, the child ends.
 *
 * The child is in our process group. A terminal's Ctrl-C and Ctrl-\ reach it without us, so INT and QUIT
 * are not forwarded while that group is in the foreground. Any other signal to the whole group
 * (`kill -TERM -pgid`, timeout(1)) may reach the child twice: nobody tells us whom it was sent to.
 *
 * Whether a signal was ignored when we were started, as nohup(1) has it, cannot be told: Node gives each its
 * default back before our first line. So does Claude Code, which nohup does not protect either (measured on
 * Node 24.21 and Claude Code 2.1.329, 2026-11).
 */
export function forwardSignals(): ForwardedSignals {
  const received: NodeJS.Signals[] = [];
  const interruption = new AbortController();
  let target: Child | null = null;
  let waiting: Forwarded[] = [];

  const forward = (name: Forwarded): void => {
    // On Windows a console event reaches the child by itself, and "sending" one would kill it.
    if (process.platform !== "win32") target?.signal(name);
  };
  const onSignal = (name: Forwarded): void => {
    received.push(name);
    if (isInterrupting(name)) interruption.abort();
    if (target === null) waiting.push(name);
    else if (!isFromTerminal(name)) forward(name);
  };
  const unfollow = followStops(() => target);
  for (const name of FORWARDED) process.on(name, onSignal);

  return {
    received,
    interruption: interruption.signal,
    aimAt(child) {
      target = child;
      // What comes between two children is for the second.
      void child.ended.then(() => {
        if (target === child) target = null;
      });
      for (const name of waiting) forward(name);
      waiting = [];
    },
    stop() {
      for (const name of FORWARDED) process.removeListener(name, onSignal);
      unfollow();
    },
  };
}

function isInterrupting(name: Forwarded): boolean {
  return INTERRUPTING.some((one) => one === name);
}

function isFromTerminal(name: Forwarded): boolean {
  return (name === "SIGINT" || name === "SIGQUIT") && isForeground();
}

/**
 * Stops with a child that stops itself, as full-screen programs do on Ctrl-Z: the shell waits for us,
 * and would never get its terminal back. SIGTSTP does nothing where no shell could continue us.
 */
function followStops(target: () => Child | null): () => void {
  const onChild = (): void => {
    const child = target();
    if (child !== null && isForeground() && isStopped(child.pid)) {
      process.kill(process.pid, "SIGTSTP");
    }
  };
  const onContinue = (): void => {
    const child = target();
    // `fg` continues the whole group; a `kill -CONT` may have been for us alone.
    if (child !== null && isStopped(child.pid)) child.signal("SIGCONT");
  };
  if (process.platform === "win32") return () => undefined;
  process.on("SIGCHLD", onChild);
  process.on("SIGCONT", onContinue);
  return () => {
    process.removeListener("SIGCHLD", onChild);
    process.removeListener("SIGCONT", onContinue);
  };
}
