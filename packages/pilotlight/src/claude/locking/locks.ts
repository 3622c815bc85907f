import { realpathSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import type { CliLocks, Clock, HeldLock } from "../../core/ports.ts";
import { type DirectoryLock, directoryLock, type OrphanRule } from "./directory-lock.ts";
import type { HeldDirectory } from "./held-directory.ts";
import { inTurn } from "./in-turn.ts";
import { type LockOwner, lockOwner } from "./lock-owner.ts";

export interface ClaudeLocksOptions {
  /** The config directory, in which the credential file lies. */
  readonly directory: string;
  readonly clock: Clock;
  /** ms to wait for the refresh locks; the write lock is waited for 10 s at most. */
  readonly waitMs?: number;
  /** ms between two touches of a held lock. The CLI's own beat is 5 s. */
  readonly heartbeatMs?: number;
  /** A number in [0, 1), for the jitter of the polling. */
  readonly random?: () => number;
}

/** When a lock of a refresh counts as left behind. */
export const REFRESH_ORPHAN: OrphanRule = { age: 60_000, quiet: 10_000, quietInFuture: 60_000 };

/** The CLI calls a write lock stale after 15 s and so beats at least every 7.5 s; all of it must fit into the wait. */
export const WRITE_ORPHAN: OrphanRule = { age: 15_000, quiet: 8_000, quietInFuture: 9_000 };
const WRITE_WAIT = 10_000;

/** ms between two looks at a busy lock. */
const POLL = { least: 100, most: 500 } as const;

/**
 * Codes with which the second lock can be done without, as the CLI does: the parent is closed to us, or something that
 * is no directory stands there, so that nobody can hold it (measured on 2.1.329, 2026-11).
 */
const DISPENSABLE = ["EROFS", "EACCES", "EPERM", "ENOTDIR"];

type Busy = { readonly busy: string };

/**
 * The locks of Claude Code for one config directory: `.oauth_refresh.lock`, then `<directory>.lock` beside it (the
 * only one that builds up to 2.1.104 know), and `.storage-write.lock`. Measured on 2.1.329, 2026-11 (FM-18).
 */
export function claudeLocks(options: ClaudeLocksOptions): CliLocks {
  const { directory, clock, waitMs = 180_000, heartbeatMs = 2_000, random = Math.random } = options;
  const patienceOf = (ms: number, isMoot?: () => Promise<boolean>) =>
    patience(clock, clock.monotonic() + ms, random, isMoot);
  const placed = (path: string, orphan: OrphanRule, isHolderDead: (birth: number) => boolean) => {
    return { path, lock: directoryLock({ path, clock, heartbeatMs, orphan, isHolderDead }) };
  };

  return {
    async withRefreshLocks(task, { waitMs: wait = waitMs, isMoot } = {}) {
      const real = realDirectory(directory);
      const path = join(real, ".oauth_refresh.lock");
      const owner = lockOwner(`${path}.owner`);
      const first = placed(path, REFRESH_ORPHAN, (birth) => owner.isDead("lock", birth));
      const second = placed(`${real}.lock`, REFRESH_ORPHAN, (birth) =>
        owner.isDead("legacy", birth),
      );
      const waiting = patienceOf(wait, isMoot);
      return inLine(first, waiting, async () => {
        const taken = await takeBoth(first, second, waiting);
        return "busy" in taken ? taken : use(taken, owner, task);
      });
    },

    async withWriteLock(task) {
      const path = join(realDirectory(directory), ".storage-write.lock");
      const owner = lockOwner(`${path}.owner`);
      const only = placed(path, WRITE_ORPHAN, (birth) => owner.isDead("lock", birth));
      const waiting = patienceOf(Math.min(waitMs, WRITE_WAIT));
      return inLine(only, waiting, async () => {
        const taken = await takeOne(only, waiting);
        return "busy" in taken ? taken : use({ first: taken, second: null }, owner, task);
      });
    },
  };
}

interface PlacedLock {
  readonly path: string;
  readonly lock: DirectoryLock;
}

interface Taken {
  readonly first: HeldDirectory;
  /** `null` where it cannot be had. */
  readonly second: HeldDirectory | null;
}

/** How long to go on trying. */
interface Patience {
  /** ms of the monotonic clock. */
  readonly deadline: number;
  readonly clock: Clock;
  /** Waits for the next look; false when the time is over, or there is nothing to wait for any more. */
  pause(): Promise<boolean>;
}

function patience(
  clock: Clock,
  deadline: number,
  random: () => number,
  isMoot: () => Promise<boolean> = () => Promise.resolve(false),
): Patience {
  return {
    deadline,
    clock,
    async pause() {
      const left = deadline - clock.monotonic();
      if (left <= 0) return false;
      await clock.sleep(Math.min(left, POLL.least + random() * (POLL.most - POLL.least)));
      return !(await isMoot());
    },
  };
}

/** Callers of one process stand in line, so that they neither starve nor wake each other on disk. */
async function inLine<T>(
  place: PlacedLock,
  waiting: Patience,
  task: () => Promise<T | Busy>,
): Promise<T | Busy> {
  const result = await inTurn(place.path, waiting.clock, waiting.deadline, task);
  return result === "late" ? busy(place) : result.done;
}

async function takeOne(place: PlacedLock, waiting: Patience): Promise<HeldDirectory | Busy> {
  for (;;) {
    const attempt = await place.lock.tryTake();
    if (attempt.kind === "taken") return attempt.held;
    if (attempt.kind === "impossible") throw cannotLock(place.path, attempt.code);
    if (!(await waiting.pause())) return busy(place);
  }
}

async function takeBoth(
  first: PlacedLock,
  second: PlacedLock,
  waiting: Patience,
): Promise<Taken | Busy> {
  for (;;) {
    const held = await takeOne(first, waiting);
    if ("busy" in held) return held;
    const attempt = await second.lock.tryTake().catch((error: unknown) => {
      held.release();
      throw error;
    });
    if (attempt.kind === "taken") return { first: held, second: attempt.held };
    if (attempt.kind === "impossible" && DISPENSABLE.includes(attempt.code)) {
      return { first: held, second: null };
    }
    // Nobody waits with a lock in hand: older builds know only the second, newer ones would queue up behind us.
    held.release();
    if (attempt.kind === "impossible") throw cannotLock(second.path, attempt.code);
    do {
      if (!(await waiting.pause())) return busy(second);
    } while (second.lock.look() === "busy");
  }
}

async function use<T>(
  { first, second }: Taken,
  owner: LockOwner,
  task: (lock: HeldLock) => Promise<T>,
): Promise<{ done: T }> {
  owner.write({ lock: first.birth, legacy: second?.birth ?? null });
  try {
    const isHeld = async () => (await first.isHeld()) && (second === null || second.isHeld());
    return { done: await task({ isHeld }) };
  } finally {
    // The record goes while the first lock is still held: afterwards the file may be another holder's.
    second?.release();
    owner.remove();
    first.release();
  }
}

function realDirectory(directory: string): string {
  try {
    return realpathSync(directory);
  } catch (error) {
    throw cannotLock(directory, errnoOf(error) ?? "unknown error", error);
  }
}

function busy({ path, lock }: PlacedLock): Busy {
  return { busy: `${path}, held for ${Math.round(lock.heldFor() / 1000)} s` };
}

function cannotLock(path: string, code: string, cause?: unknown): PilotlightError {
  return new PilotlightError("cannot_persist", `cannot make the lock ${path}: ${code}`, { cause });
}
