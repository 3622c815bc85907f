import { readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The pids of the processes whose working directory is `folder` or below it. */
export function processesUnder(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => `${cwdOf(pid)}/`.startsWith(`${folder}/`));
}

/** Kills what a test left running in its own temporary directory, and waits until it is gone. */
export async function endProcessesUnder(folder: string): Promise<void> {
  for (let left = processesUnder(folder); left.length > 0; left = processesUnder(folder)) {
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await sleep(50);
  }
}

function cwdOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
