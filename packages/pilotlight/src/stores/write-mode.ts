import { constants, type Stats } from "node:fs";
import { open, statfs, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, PilotlightError } from "../core/errors.ts";
import type { DurableFiles } from "../core/ports.ts";
import { cannotPersist } from "../disk/cannot-persist.ts";
import { takeOver } from "../disk/replace-file.ts";
import { tempPathOf } from "../disk/temp-file.ts";
import { isMountPoint, readMounts } from "./mount.ts";

/** How a credential file is written; `auto` replaces it unless that would break something. */
export type WriteMode = "auto" | "rename" | "in-place";

/** The least that must be free (bytes) on the file system of a file that is written in place. */
const ROOM = 1024 * 1024;

/** Chooses between replacing `target` (no symlink) and overwriting it. */
export async function chooseMode(
  configured: WriteMode,
  target: string,
  stats: Stats,
): Promise<Exclude<WriteMode, "auto">> {
  if (configured !== "auto") return configured;
  if (stats.nlink > 1 || isMountPoint(await readMounts(), target)) return "in-place";
  // Whoever else reads the file must still be able to after us (FM-29).
  return (await canKeepOwner(target, stats)) ? "rename" : "in-place";
}

/**
 * Proves that `target` can be overwritten, without changing it.
 * @throws PilotlightError `cannot_persist` with what to do.
 */
export async function proveInPlace(target: string, stats: Stats): Promise<void> {
  if (stats.nlink === 0) {
    throw new PilotlightError(
      "cannot_persist",
      `${target}: this mounted file was replaced where it comes from, so nobody would see what is written here; restart, and mount its directory instead (FM-26)`,
    );
  }
  try {
    const file = await open(target, constants.O_RDWR | constants.O_NONBLOCK);
    await file.close();
  } catch (error) {
    throw cannotPersist(target, error, adviceFor(error, stats));
  }
  const { blocks, bfree, bavail, bsize } = await statfs(target);
  const free = (process.geteuid?.() === 0 ? bfree : bavail) * bsize;
  // No blocks at all is what file systems without a limit say.
  if (blocks > 0 && free < ROOM) {
    const detail = `${target}: ENOSPC: only ${Math.floor(free / 1024)} KiB are free on its file system; free at least 1 MiB`;
    throw new PilotlightError("cannot_persist", detail);
  }
}

/**
 * Proves that `target` can be replaced, without changing it.
 * @throws PilotlightError `cannot_persist` with what to do.
 */
export async function proveRename(
  target: string,
  stats: Stats,
  files: DurableFiles,
): Promise<void> {
  if (isMountPoint(await readMounts(), target)) {
    const detail = `${target}: EBUSY: it is mounted as a single file and cannot be replaced; set write = "auto", or mount its directory`;
    throw new PilotlightError("cannot_persist", detail);
  }
  await files.prove(dirname(target));
  if (!(await canKeepOwner(target, stats))) {
    const detail = `${target}: EPERM: it belongs to uid ${stats.uid}, gid ${stats.gid}, and this user cannot make such a file; run as its owner, or set write = "auto"`;
    throw new PilotlightError("cannot_persist", detail);
  }
  await proveReplaceable(target, stats);
}

async function proveReplaceable(target: string, stats: Stats): Promise<void> {
  try {
    const file = await open(target, constants.O_RDWR | constants.O_NONBLOCK);
    await file.close();
  } catch (error) {
    // A file that its owner made read-only (EACCES) can be replaced all the same; an immutable one (EPERM) cannot.
    const code = errnoOf(error);
    if (code === "EPERM" || code === "EROFS") {
      throw cannotPersist(target, error, adviceFor(error, stats));
    }
  }
}

/** Tries whether a new file beside `target` can be given its owner; a place that takes no file at all is for the proof to tell. */
async function canKeepOwner(target: string, stats: Stats): Promise<boolean> {
  if (process.platform === "win32") return true;
  if (stats.uid === process.geteuid?.() && stats.gid === process.getegid?.()) return true;
  const temp = tempPathOf(target);
  const file = await open(temp, "wx", 0o600).catch(() => null);
  if (file === null) return true;
  try {
    await takeOver(file, stats);
    return true;
  } catch {
    return false;
  } finally {
    await file.close();
    await unlink(temp).catch(() => {});
  }
}

function adviceFor(error: unknown, stats: Stats): string {
  switch (errnoOf(error)) {
    case "EROFS":
      return "mount it read-write, or let the place it is mounted from do the refreshing";
    case "EACCES":
      return `it belongs to uid ${stats.uid} with mode ${(stats.mode & 0o777).toString(8).padStart(4, "0")}; run as that user, or have it chown the file to this one`;
    case "EPERM":
      return "it may be immutable: try lsattr and chattr -i";
    default:
      return "make it writable for this user";
  }
}
