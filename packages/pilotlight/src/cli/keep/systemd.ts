import { spawn } from "node:child_process";
import type { Environment } from "../../claude/locations.ts";

/** What a service manager is told (sd_notify(3)). */
export interface Systemd {
  ready(status: string): void;
  status(text: string): void;
  reloading(): void;
  stopping(text: string): void;
  /** ms between two signs of life; `null` where nobody waits for them. */
  readonly watchdogEvery: number | null;
  alive(): void;
}

/**
 * Speaks to systemd through its own `systemd-notify`: Node has no datagram sockets of the Unix kind.
 * Silent where no service manager listens, and where that program is missing.
 */
export function systemd(env: Environment): Systemd {
  const isListening = (env["NOTIFY_SOCKET"] ?? "") !== "";
  let last = Promise.resolve();
  const send = (...words: string[]): void => {
    if (!isListening) return;
    // One after the other: the unit must not become ready again before it was said that it reloads.
    last = last.then(() => tell(words, env));
  };
  const micros = Number(env["WATCHDOG_USEC"]);
  const isMeant = env["WATCHDOG_PID"] === undefined || env["WATCHDOG_PID"] === String(process.pid);
  const isWatched = isListening && isMeant && Number.isFinite(micros) && micros > 0;
  return {
    ready: (status) => send("READY=1", `STATUS=${status}`),
    status: (text) => send(`STATUS=${text}`),
    reloading: () => send("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: (text) => send("STOPPING=1", `STATUS=${text}`),
    // Three chances in each period.
    watchdogEvery: isWatched ? micros / 1000 / 3 : null,
    alive: () => send("WATCHDOG=1"),
  };
}

/** ms for one word. */
const PATIENCE = 10_000;

/** Resolves when it has been said, or could not be. */
function tell(words: readonly string[], env: Environment): Promise<void> {
  return new Promise((resolve) => {
    // It waits until systemd has read the word: with --no-block, 2 of 10 were lost, for the sender was gone before
    // systemd had looked it up (measured on systemd 252, 2026-11).
    const child = spawn("systemd-notify", words, { env, stdio: "ignore", timeout: PATIENCE });
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
}
