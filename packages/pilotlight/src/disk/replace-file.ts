import { errnoOf } from "../core/errors.ts";
import type { Stats } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { syncDirectory } from "./directory.ts";
import { tempPathOf } from "./temp-file.ts";

/** What a replacement takes over from the file it replaces. */
export type Keep = Pick<Stats, "mode" | "uid" | "gid">;

export interface Replacement {
  /** Mode and owner of the result; `null` for 0600 and this user. */
  readonly keep: Keep | null;
  /** Asked right before the rename; `false` leaves everything as it was. */
  readonly mayCommit: () => Promise<boolean>;
}

const PRIVATE = 0o600;
const RENAME_TRIES = 10;

/**
 * Replaces `path` atomically and durably: a new file beside it, written whole, fsynced, renamed over it, directory fsynced.
 * Leaves no temporary file behind unless the process is killed.
 * @returns whether it was committed.
 * @throws the system's own error.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { keep, mayCommit }: Replacement,
): Promise<boolean> {
  const temp = tempPathOf(path);
  const file = await open(temp, "wx", PRIVATE);
  let isCommitted = false;
  try {
    try {
      // One write may take less than everything, on a nearly full disk for instance; this call repeats it.
      await file.writeFile(content);
      await takeOver(file, keep);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await mayCommit())) return false;
    await renamePatiently(temp, path);
    isCommitted = true;
  } finally {
    if (!isCommitted) await unlink(temp).catch(() => {});
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Gives `file` the owner and mode in `keep`. @throws EPERM where this user may not. */
export async function takeOver(file: FileHandle, keep: Keep | null): Promise<void> {
  if (keep === null || process.platform === "win32") return;
  const made = await file.stat();
  if (made.uid !== keep.uid || made.gid !== keep.gid) await file.chown(keep.uid, keep.gid);
  const mode = keep.mode & 0o777;
  if ((made.mode & 0o777) !== mode) await file.chmod(mode);
}

/** On Windows a virus scanner or a reader holds a file for moments, and the rename fails meanwhile. */
async function renamePatiently(from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await rename(from, to);
    } catch (error) {
      const isPassing = ["EPERM", "EACCES", "EBUSY"].includes(errnoOf(error) ?? "");
      if (process.platform !== "win32" || !isPassing || tries === RENAME_TRIES) throw error;
      await sleep(tries * 20);
    }
  }
}
