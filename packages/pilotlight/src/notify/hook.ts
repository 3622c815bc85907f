import { spawn } from "node:child_process";

/** What happened to a login, for a command of the user's. */
export interface HookCall {
  /** A new access token; a new sign-in; trouble that has just begun. */
  readonly event: "refreshed" | "renewed" | "failed";
  readonly login: string;
  /** The error code of a failure. */
  readonly code: string | null;
}

/** ms; whoever needs longer goes to the background. */
const PATIENCE = 60_000;

/**
 * Runs a command of the user's after something happened to a login: a line by the shell, or its words.
 * It is told by `PILOTLIGHT_EVENT`, `PILOTLIGHT_LOGIN` and `PILOTLIGHT_CODE`, and never of a token.
 * After a minute it is ended with all its children. Never throws.
 * @param env without credentials: they are the caller's to leave out
 * @returns why it failed, `null` when it did not
 */
export function runHook(
  command: string | readonly [string, ...string[]],
  { event, login, code }: HookCall,
  env: Readonly<Record<string, string | undefined>>,
  patience = PATIENCE,
): Promise<string | null> {
  const isLine = typeof command === "string";
  const [program, ...words] = isLine ? [command] : command;
  const told = { PILOTLIGHT_EVENT: event, PILOTLIGHT_LOGIN: login, PILOTLIGHT_CODE: code ?? "" };
  const child = spawn(program, words, {
    shell: isLine,
    env: { ...env, ...told },
    stdio: "ignore",
    // A group of its own, so that its children end with it.
    detached: process.platform !== "win32",
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      endGroup(child.pid);
      resolve(`it was still running after ${patience / 1000} s`);
    }, patience);
    const end = (why: string | null) => {
      clearTimeout(timer);
      resolve(why);
    };
    child.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.name));
    child.once("exit", (exit, signal) =>
      end(exit === 0 ? null : `it ended with ${signal ?? exit}`),
    );
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}
