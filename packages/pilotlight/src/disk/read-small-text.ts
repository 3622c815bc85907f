import { readFile, stat } from "node:fs/promises";
import { devNull } from "node:os";

/** No settings, configuration or state is this long (bytes). */
const LIMIT = 4 * 1024 * 1024;

/** Reads a file that people or programs keep small; a pipe would wait for a writer, and a device has no end. @throws the system's own error, or one like it */
export async function readSmallText(path: string): Promise<string> {
  const stats = await stat(path);
  // A directory is refused by the system, in its own words.
  if (!stats.isFile() && !stats.isDirectory()) {
    // What hides a file is as good as an empty one.
    if (stats.isCharacterDevice() && stats.rdev === (await stat(devNull)).rdev) return "";
    throw refusal("EINVAL", "it is no regular file");
  }
  if (stats.size > LIMIT) throw refusal("EFBIG", `it is longer than ${LIMIT / 1024 / 1024} MiB`);
  return readFile(path, "utf8");
}

function refusal(code: string, why: string): Error {
  return Object.assign(new Error(`${code}: ${why}`), { code });
}
