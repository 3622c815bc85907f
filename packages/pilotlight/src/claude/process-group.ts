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
  const ended = new Set<number>();
  for (;;) {
    // One that is not dead yet is still there; one that was begun by it a moment before is new.
    const found = processesIn(directory).filter((pid) => !ended.has(pid));
    if (found.length === 0) return;
    for (const pid of found) {
      ended.add(pid);
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    }
  }
}
