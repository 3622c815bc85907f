import { errnoOf } from "../core/errors.ts";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import type { Entry } from "../core/credential.ts";
import { textOf } from "./cannot-persist.ts";
import { type Readable, readWhole } from "./read-whole.ts";

/** What stands at a path. `target` is where a symlink leads, `stats` are the target's. */
export type Document =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly entry: Extract<Entry, { state: "unreadable" }> }
  | {
      readonly kind: "text";
      readonly text: string;
      readonly target: string;
      readonly stats: Stats;
    };

/** No credential is this long (bytes), whatever its siblings. */
const LIMIT = 4 * 1024 * 1024;

const STEADY_TRIES = 5;

/** Reads a document without blocking and without following anything but regular files. Never throws. */
export async function readDocument(path: string): Promise<Document> {
  try {
    // Before the open: opening a device or a pipe can do something, and a pipe would wait for a writer.
    const odd = oddityOf(await stat(path));
    if (odd !== null) return unreadable("credential_not_a_file", `${path} is ${odd}`);
    const target = await realpath(path);
    const file = await open(target, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readRegular(path, target, file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return { kind: "absent" };
    if (errnoOf(error) === "EISDIR") {
      return unreadable("credential_not_a_file", `${path} is a directory`);
    }
    return unreadable("credential_unreadable", `${path}: ${textOf(error)}`);
  }
}

async function readRegular(path: string, target: string, file: FileHandle): Promise<Document> {
  const stats = await file.stat();
  const odd = oddityOf(stats);
  if (odd !== null) return unreadable("credential_not_a_file", `${path} is ${odd}`);
  const bytes = await readSteady(file);
  if (bytes.length > LIMIT) {
    return unreadable("credential_corrupt", `${path} is longer than ${LIMIT / 1024 / 1024} MiB`);
  }
  return { kind: "text", text: bytes.toString("utf8"), target, stats };
}

/** Reads until two readings agree: old builds of Claude Code, and we on a mounted file, write in place. */
export async function readSteady(file: Readable): Promise<Buffer> {
  let bytes = await readWhole(file, LIMIT);
  for (let tries = 1; tries < STEADY_TRIES; tries += 1) {
    const again = await readWhole(file, LIMIT);
    if (again.equals(bytes)) break;
    bytes = again;
  }
  return bytes;
}

function oddityOf(stats: Stats): string | null {
  if (stats.isFile()) return null;
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a named pipe";
  return stats.isSocket() ? "a socket" : "a device";
}

function unreadable(
  code: Extract<Entry, { state: "unreadable" }>["code"],
  reason: string,
): Document {
  return { kind: "unreadable", entry: { state: "unreadable", code, reason } };
}
