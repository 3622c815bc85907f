import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/**
 * When process `pid` was started, as an opaque text that no later process with the same pid shares
 * (Linux: boot id and clock ticks since boot); `null` when it is gone or the platform does not tell.
 */
export function startOfProcess(pid: number): string | null {
  const ticks = startTicksOf(pid);
  return ticks === null ? null : `${bootId() ?? ""}:${ticks}`;
}

/** The clock ticks from boot to the start of `pid`, as Claude Code notes them in its owner file; `null` as above. */
export function startTicksOf(pid: number): string | null {
  return procStatOf(pid)?.ticks ?? null;
}

/**
 * True while process `pid` lives and is the one that was started at `start`, a text of `startOfProcess` or `startTicksOf`.
 * With `null`, or where starts are not told, any process with this pid will do.
 */
export function isLivingProcess(pid: number, start: string | null): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const stat = procStatOf(pid);
  if (stat === null) return answersSignals(pid);
  // A zombie holds nothing any more; it only waits for its parent.
  if (stat.state === "Z" || stat.state === "X") return false;
  return [null, stat.ticks, `${bootId() ?? ""}:${stat.ticks}`].includes(start);
}

/** The pids of the processes whose working directory is `directory`, as far as this user may see them; `[]` elsewhere than on Linux. */
export function processesIn(directory: string): number[] {
  if (!isProcOurs()) return [];
  const wanted = tryOr(() => statSync(directory), null);
  if (wanted === null) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      // Compared by inode: the same directory has other names in other mount namespaces.
      const cwd = tryOr(() => statSync(`/proc/${name}/cwd`), null);
      return cwd !== null && cwd.dev === wanted.dev && cwd.ino === wanted.ino;
    })
    .map(Number);
}

/** The id of the running boot of this kernel, which containers share with their host; `null` elsewhere than on Linux. */
export function bootId(): string | null {
  return tryOr(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), null);
}

/** True when `/proc` shows this process's own pid namespace, so that its numbers mean what ours mean. */
export function isProcOurs(): boolean {
  return tryOr(() => readlinkSync("/proc/self") === String(process.pid), false);
}

function procStatOf(pid: number): { state: string; ticks: string } | null {
  if (!isProcOurs()) return null;
  const text = tryOr(() => readFileSync(`/proc/${pid}/stat`, "utf8"), null);
  if (text === null) return null;
  // proc_pid_stat(5): the name, in parentheses, may hold anything; state is field 3, starttime field 22.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, ticks] = [fields[0], fields[19]];
  return state === undefined || ticks === undefined ? null : { state, ticks };
}

function answersSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function tryOr<T, F>(read: () => T, otherwise: F): T | F {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
