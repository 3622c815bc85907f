import { mkdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import { replaceFile } from "../../disk/replace-file.ts";
import type { GeneratedFile } from "./generated.ts";

const READABLE = 0o644;

/**
 * Writes the files to `out`: a directory where it is one, ends with a slash, or there are several files.
 * Each is replaced atomically (0644).
 * @returns their paths.
 * @throws PilotlightError `usage` where one is there already, before any was written; `cannot_persist`
 */
export async function writeFiles(
  files: readonly GeneratedFile[],
  out: string,
  isForced: boolean,
): Promise<readonly string[]> {
  try {
    const isFolder = files.length > 1 || /[/\\]$/.test(out) || (await isDirectory(out));
    const placed = files.map(({ path, text }) => ({
      path: isFolder ? join(out, basename(path)) : out,
      text,
    }));
    if (!isForced) for (const { path } of placed) await refuseExisting(path);
    for (const { path, text } of placed) await write(path, text);
    return placed.map(({ path }) => path);
  } catch (error) {
    if (error instanceof PilotlightError) throw error;
    throw new PilotlightError("cannot_persist", (error as Error).message, { cause: error });
  }
}

async function refuseExisting(path: string): Promise<void> {
  if ((await statOf(path)) === null) return;
  throw new PilotlightError("usage", `${path} is already there; --force replaces it`);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  await replaceFile(path, text, {
    keep: { mode: READABLE, uid, gid },
    mayCommit: () => Promise.resolve(true),
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return (await statOf(path))?.isDirectory() ?? false;
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}
