import { errnoOf } from "../../core/errors.ts";
import { randomBytes } from "node:crypto";
import { type BigIntStats, lstatSync, mkdirSync, renameSync, rmdirSync } from "node:fs";

/**
 * What tells one lock directory from a later one at the same path, and a living one from one that is not kept
 * alive. The inode alone does not: ext4 gives a freed number to the very next directory.
 * Synchronous throughout this file: between a look and the step it allows, nothing else may run here.
 */
export interface LockIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

export function isSameLock(a: LockIdentity, b: LockIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.mtimeNs === b.mtimeNs;
}

/** @returns `null` when nothing is there. @throws the system's error when that cannot be told. */
export function lockStatOf(path: string): BigIntStats | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

/** When the directory was made, epoch ms as lstat and the CLI's owner file write it; 0 when it is gone or the file system does not say. */
export function birthOf(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.birthtimeMs ?? 0;
}

/** @returns `null` when the lock directory was made, else the system's code. */
export function makeLock(path: string): string | null {
  return refusalOf(() => mkdirSync(path));
}

/**
 * Removes the lock if it is still `expected`, and tells whether it did.
 * Between a look and a removal another taker may have removed the orphan and put its own lock in the same place. So
 * the directory is renamed to a name of ours, which only one taker can do to it, and looked at again there, where
 * nobody else touches it. The wrong one is put back: the rename replaces the (empty) lock of whoever came in between.
 * That one has just begun and finds out by its inode, while the owner of the first may be in mid-grant.
 */
export function removeLock(
  path: string,
  expected: LockIdentity,
  rename: (from: string, to: string) => void = renameSync,
): boolean {
  const isExpected = (place: string): boolean => {
    const found = lockStatOf(place);
    return found !== null && isSameLock(found, expected);
  };
  if (!isExpected(path)) return false;
  const aside = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const refusal = refusalOf(() => rename(path, aside));
  // An overlay file system does not rename a directory of a lower layer, such as a lock that was copied into an image.
  if (refusal === "EXDEV") return refusalOf(() => rmdirSync(path)) === null;
  if (refusal !== null) return false;
  if (isExpected(aside) && refusalOf(() => rmdirSync(aside)) === null) return true;
  refusalOf(() => rename(aside, path));
  return false;
}

/** The system's code for why `step` failed; `null` when it did not. */
function refusalOf(step: () => void): string | null {
  try {
    step();
    return null;
  } catch (error) {
    const code = errnoOf(error);
    if (code === null) throw error;
    return code;
  }
}
