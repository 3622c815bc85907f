import { REFRESH_ORPHAN, WRITE_ORPHAN } from "../../../claude/locking/locks.ts";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { birthOf, lockStatOf } from "../../../claude/locking/lock-on-disk.ts";
import { lockOwner } from "../../../claude/locking/lock-owner.ts";
import { printDuration } from "../../../core/duration.ts";
import { loginCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import type { LoginWorld } from "../world.ts";

/** One lock as it lies there. */
interface FoundLock {
  readonly path: string;
  readonly kind: "absent" | "lock" | "other";
  /** ms since its holder last touched it; negative for one from the future. */
  readonly age: number;
  readonly isHolderDead: boolean;
  readonly uid: number;
  /** Age in ms from which on Claude Code takes it for abandoned. */
  readonly stale: number;
  /** False for the one in the parent directory, without which newer builds refresh all the same. */
  readonly isNeeded: boolean;
}

interface LockFacts {
  readonly locks: readonly FoundLock[];
  readonly uid: number | null;
}

/** A clock that is a little off is no reason to speak of the future. */
const TOLERANCE = REFRESH_ORPHAN.age;

/** The locks around a refresh. */
export const lockChecks = [
  loginCheck({
    id: "refresh-locks",
    title: "no lock is left behind",
    fm: ["FM-16", "FM-17", "FM-29"],
    gather: foundLocks,
    judge: judgeLocks,
  }),
];

async function foundLocks({ state, machine }: LoginWorld): Promise<LockFacts | null> {
  const directory = await realpath(state.locations.lockDir).catch(() => null);
  if (directory === null) return null;
  const refresh = lockOwner(join(directory, ".oauth_refresh.lock.owner"));
  const write = lockOwner(join(directory, ".storage-write.lock.owner"));
  const now = Date.now();
  const look = (
    path: string,
    stale: number,
    isNeeded: boolean,
    isDead: (birth: number) => boolean,
  ): FoundLock => {
    const stats = lockStatOf(path);
    if (stats === null) {
      return { path, kind: "absent", age: 0, isHolderDead: false, uid: 0, stale, isNeeded };
    }
    return {
      path,
      kind: stats.isDirectory() ? "lock" : "other",
      age: now - Number(stats.mtimeNs) / 1e6,
      isHolderDead: isDead(birthOf(path)),
      uid: Number(stats.uid),
      stale,
      isNeeded,
    };
  };
  return {
    uid: machine.uid,
    locks: [
      look(join(directory, ".oauth_refresh.lock"), REFRESH_ORPHAN.age, true, (birth) =>
        refresh.isDead("lock", birth),
      ),
      look(`${directory}.lock`, REFRESH_ORPHAN.age, false, (birth) =>
        refresh.isDead("legacy", birth),
      ),
      look(join(directory, ".storage-write.lock"), WRITE_ORPHAN.age, true, (birth) =>
        write.isDead("lock", birth),
      ),
    ],
  };
}

function judgeLocks(facts: LockFacts | null): readonly Finding[] {
  if (facts === null) return [skipped("there is no directory")];
  const findings = facts.locks.flatMap((lock) => judgeLock(lock, facts.uid));
  return findings.length > 0 ? findings : [ok("none is there")];
}

function judgeLock(lock: FoundLock, uid: number | null): readonly Finding[] {
  const { path, kind, age, isHolderDead, stale, isNeeded } = lock;
  if (kind === "absent") return [];
  if (kind === "other") {
    const what = `${path} is no directory, so nobody can take this lock`;
    return [isNeeded ? failure("cannot_persist", what, { fix: "move it aside" }) : note(what)];
  }
  if (uid !== null && uid !== 0 && lock.uid !== uid) {
    const what = `${path} belongs to uid ${lock.uid}, and this is uid ${uid}`;
    return [warning(what, `if no claude of theirs is at work, have them run: rmdir ${path}`)];
  }
  const fix = "it can be taken over as Claude Code would";
  const mend = { command: "pilotlight doctor --fix", repair: "orphan-locks" } as const;
  if (isHolderDead) return [warning(`${path} was left by a process that is gone`, fix, mend)];
  if (age < -TOLERANCE) {
    const what = `${path} was last touched ${printDuration(age)} in the future`;
    return [warning(what, `check the clock; ${fix}`, mend)];
  }
  if (age >= stale) {
    return [warning(`${path} was last touched ${printDuration(age)} ago`, fix, mend)];
  }
  return [note(`${path} is held: a refresh is at work`)];
}
