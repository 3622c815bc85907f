import { closeSync, fstatSync, futimesSync, openSync, utimesSync } from "node:fs";
import type { Clock, HeldLock } from "../../core/ports.ts";
import { birthOf, isSameLock, type LockIdentity, lockStatOf, removeLock } from "./lock-on-disk.ts";

/** A lock directory that this process made and keeps alive until it is released, lost, or the process ends. */
export interface HeldDirectory extends HeldLock {
  /** Epoch ms; 0 where the file system does not say. */
  readonly birth: number;
  /** Removes the directory if it is still ours; otherwise touches nothing. Never throws. */
  release(): void;
}

/** After this long (ms) a missing lock is gone: a taker that put it aside by mistake puts it back at once. */
const PUT_BACK = 20;

/**
 * Keeps the lock just made at `path` alive by touching it every `heartbeatMs`.
 * @returns `null` when it is already gone.
 * @throws the system's error when it cannot be kept alive here; it is then removed.
 */
export function holdDirectory(
  path: string,
  clock: Clock,
  heartbeatMs: number,
): HeldDirectory | null {
  const made = lockStatOf(path);
  if (made === null) return null;
  const birth = birthOf(path);
  const pin = pinOf(path);
  let ours: LockIdentity | null = made;
  let timer: NodeJS.Timeout | undefined;

  const letGo = (): void => {
    clearInterval(timer);
    if (ours !== null && pin !== null) closeSync(pin);
    ours = null;
  };

  const isOurs = (): Presence => {
    const found = lockStatOf(path);
    if (found === null) return "missing";
    return ours !== null && isSameLock(found, ours) ? "ours" : "lost";
  };

  /** Compares, touches and compares again, so that a taker that looked before the touch finds a changed mtime. */
  const beat = (): Presence => {
    const before = isOurs();
    if (before !== "ours" || ours === null) return before;
    ours = touch(path, pin, ours, clock.now());
    return isOurs();
  };

  const release = (): void => {
    clearInterval(timer);
    if (ours !== null) orDoubt(() => (removeLock(path, ours ?? made) ? "ours" : "lost"));
    letGo();
  };

  try {
    beat();
  } catch (error) {
    release();
    throw error;
  }
  let misses = 0;
  timer = setInterval(() => {
    const presence = orDoubt(beat);
    misses = presence === "missing" ? misses + 1 : 0;
    if (presence === "lost" || misses > 1) letGo();
  }, heartbeatMs).unref();

  return {
    birth,
    async isHeld() {
      let presence = orDoubt(beat);
      if (presence === "missing" && ours !== null) {
        await clock.sleep(PUT_BACK);
        presence = orDoubt(beat);
        if (presence === "missing") letGo();
      }
      if (presence === "lost") letGo();
      return presence === "ours";
    },
    release,
  };
}

/** `doubt`: the file system did not answer, which says nothing about who holds the lock. */
type Presence = "ours" | "missing" | "lost" | "doubt";

function orDoubt(look: () => Presence): Presence {
  try {
    return look();
  } catch {
    return "doubt";
  }
}

/**
 * An open descriptor on the directory, so that its inode number cannot be given to a thief's directory while we
 * compare it, and so that a touch can reach no other. `null` where directories cannot be opened (Windows).
 */
function pinOf(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    return null;
  }
}

/** Sets the mtime by this machine's clock, as every other party does, and tells how the file system rounded it. */
function touch(path: string, pin: number | null, ours: LockIdentity, now: number): LockIdentity {
  if (pin === null) {
    utimesSync(path, now / 1000, now / 1000);
    return { ...ours, mtimeNs: lockStatOf(path)?.mtimeNs ?? ours.mtimeNs };
  }
  futimesSync(pin, now / 1000, now / 1000);
  return { ...ours, mtimeNs: fstatSync(pin, { bigint: true }).mtimeNs };
}
