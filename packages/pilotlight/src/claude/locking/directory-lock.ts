import type { BigIntStats } from "node:fs";
import { errnoOf } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { type HeldDirectory, holdDirectory } from "./held-directory.ts";
import {
  birthOf,
  isSameLock,
  type LockIdentity,
  lockStatOf,
  makeLock,
  removeLock,
} from "./lock-on-disk.ts";

/** When a lock that nobody keeps alive counts as an orphan; all in ms. */
export interface OrphanRule {
  /** Least age of its mtime by the wall clock. */
  readonly age: number;
  /** How long it must have stayed unchanged under our eyes, by the monotonic clock. */
  readonly quiet: number;
  /** The same for a lock whose mtime lies in the future, where age says nothing (FM-17). */
  readonly quietInFuture: number;
}

export interface DirectoryLockOptions {
  readonly path: string;
  readonly clock: Clock;
  /** ms between two touches of a held lock. */
  readonly heartbeatMs: number;
  readonly orphan: OrphanRule;
  /** True when the holder of the lock born at `birth` (epoch ms) is known to be dead. */
  readonly isHolderDead: (birth: number) => boolean;
}

type Attempt =
  | { readonly kind: "taken"; readonly held: HeldDirectory }
  | { readonly kind: "busy" }
  /** It cannot be had here at all; `code` is the system's. */
  | { readonly kind: "impossible"; readonly code: string };

/**
 * A lock that is a directory, as proper-lockfile and Claude Code make it: who creates it holds it and keeps its mtime
 * fresh. Promises: of all who keep to that rule, one holds it at a time. Does not promise that a holder who slept
 * longer than the rule allows still does: that one has to ask `isHeld`.
 */
export interface DirectoryLock {
  tryTake(): Promise<Attempt>;
  /** Looks without taking. What it sees counts towards telling an orphan. */
  look(): "free" | "busy" | "orphan";
  /** ms since the present holder took it, as far as the file system tells; 0 when it is free. */
  heldFor(): number;
}

/** A longer gap (ms) between two looks proves no more than this: holder and watcher may have been frozen together. */
const LONGEST_GAP = 1_000;

/** How long (ms) the taker of a disputed lock waits before it believes in its luck. */
const SETTLE = 250;

export function directoryLock(options: DirectoryLockOptions): DirectoryLock {
  const { path, clock, heartbeatMs } = options;
  const isOrphan = orphanWatch(options);
  let disputed = false;

  /** @returns `null` when the lock did not stay ours. */
  const hold = async (): Promise<HeldDirectory | null> => {
    const held = holdDirectory(path, clock, heartbeatMs);
    if (held === null || !disputed) return held;
    // Another taker may have judged the orphan before we removed it, and remove ours in its place: proper-lockfile
    // does rmdir without a second look. That is over within moments; whose lock is there then has it.
    await clock.sleep(SETTLE);
    if (await held.isHeld()) return held;
    held.release();
    return null;
  };

  const take = async (): Promise<Attempt> => {
    for (let round = 0; round < 3; round++) {
      const refusal = makeLock(path);
      if (refusal === null) {
        const held = await hold();
        disputed = false;
        return held === null ? { kind: "busy" } : { kind: "taken", held };
      }
      if (refusal !== "EEXIST") return { kind: "impossible", code: refusal };
      const found = lockStatOf(path);
      if (found === null) continue;
      if (!found.isDirectory()) return { kind: "impossible", code: "ENOTDIR" };
      if (!isOrphan(found)) return { kind: "busy" };
      disputed = true;
      if (!removeLock(path, found)) return { kind: "busy" };
    }
    return { kind: "busy" };
  };

  return {
    async tryTake() {
      try {
        return await take();
      } catch (error) {
        const code = errnoOf(error);
        if (code === null) throw error;
        return { kind: "impossible", code };
      }
    },

    look() {
      const found = lockStatOf(path);
      if (found === null) return "free";
      if (!isOrphan(found)) return "busy";
      disputed = true;
      return "orphan";
    },

    heldFor() {
      const birth = birthOf(path);
      return birth > 0 ? Math.max(0, clock.now() - birth) : 0;
    },
  };
}

/** Judges, look by look, whether a lock has lost its holder. */
function orphanWatch(options: DirectoryLockOptions): (found: BigIntStats) => boolean {
  const { clock, orphan, isHolderDead, path } = options;
  let last: { lock: LockIdentity; at: number; quiet: number } | null = null;
  return (found) => {
    const at = clock.monotonic();
    const isUnchanged = last !== null && isSameLock(found, last.lock);
    const quiet =
      last !== null && isUnchanged ? last.quiet + Math.min(at - last.at, LONGEST_GAP) : 0;
    last = { lock: found, at, quiet };
    const age = clock.now() - Number(found.mtimeNs) / 1e6;
    if (age >= orphan.age && quiet >= orphan.quiet) return true;
    if (age < 0 && quiet >= orphan.quietInFuture) return true;
    return isHolderDead(birthOf(path));
  };
}
