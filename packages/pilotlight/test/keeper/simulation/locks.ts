import type { Disk } from "./disk.ts";
import type { Process } from "./process.ts";

/** A lock directory: it beats while its owner runs, and stays behind when the owner is killed. */
export interface Lock {
  readonly owner: Process;
}

export type LockName = "refresh" | "parent";

/** Takes the lock if it is free, or if it has been silent for `orphanAge` ms. One moment, as mkdir is. */
export function tryLock(disk: Disk, name: LockName, owner: Process, orphanAge: number): boolean {
  const lock = disk.locks.get(name);
  if (lock !== undefined) {
    const silence = lock.owner.silence();
    if (silence === null || silence < orphanAge) return false;
  }
  disk.locks.set(name, { owner });
  return true;
}

export function ownsLock(disk: Disk, name: LockName, owner: Process): boolean {
  return disk.locks.get(name)?.owner === owner;
}

export function unlock(disk: Disk, name: LockName, owner: Process): void {
  if (ownsLock(disk, name, owner)) disk.locks.delete(name);
}
