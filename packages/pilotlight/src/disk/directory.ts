import { errnoOf } from "../core/errors.ts";
import { chmod, mkdir, open, stat, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";

const PRIVATE = 0o700;

/** Makes the entries of `directory` durable. @throws the system's own error. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows has no such call.
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some network and FUSE file systems know no fsync of directories.
    if (errnoOf(error) !== "EINVAL" && errnoOf(error) !== "ENOTSUP") throw error;
  } finally {
    await handle.close();
  }
}

/** Makes `directory` and what is missing above it durably, for this user only (0700). @throws the system's own error. */
export async function makePrivateDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: PRIVATE });
  if (first === undefined) {
    const { mode } = await stat(directory);
    if ((mode & 0o077) !== 0 && process.platform !== "win32") await chmod(directory, PRIVATE);
    return;
  }
  const top = dirname(resolve(first));
  for (let made = resolve(directory); made !== top;) {
    made = dirname(made);
    await syncDirectory(made);
  }
}

/** Removes `path` durably; one that is not there is fine. @throws the system's own error. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  await syncDirectory(dirname(path));
}
