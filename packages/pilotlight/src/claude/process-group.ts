import { processesIn } from "./locking/living-process.ts";

/** Ends a process that was started detached, with its children. Never for one that may be in mid-grant. */
export function endGroup(pid: number): void {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

/** Ends whatever works in this directory, which is nobody's but ours. Never where a grant may be under way. */
export function endProcessesIn(directory: string): void {
  for (const pid of processesIn(directory)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }
}
