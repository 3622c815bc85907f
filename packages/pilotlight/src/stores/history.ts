import { constants, type Stats } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { errnoOf, PilotlightError } from "../core/errors.ts";
import { HISTORY_BOUNDS } from "../core/history-bounds.ts";
import { makePrivateDirectory } from "../disk/directory.ts";
import type { HistoryBounds, HistoryEntry, HistoryQuery } from "./history-entry.ts";
import { createSchema, HISTORY_SCHEMA, insertInto, selectFrom } from "./history-schema.ts";

const BOUNDS: HistoryBounds = { rows: HISTORY_BOUNDS.mostRows, age: 90 * 24 * 60 * 60 * 1000 };

/** ms that a writer waits for another; the calls are synchronous, so nothing else goes on meanwhile. */
const PATIENCE = 2000;

/** How often a reader begins anew when somebody wrote meanwhile, and after what pause (ms). */
const TRIES = 5;
const PAUSE = 20;

const FILE = "history.db";

/**
 * Adds to the history in the state directory, and forgets what is beyond the bounds.
 * A database that cannot be read is set aside as `history.db.corrupt`. Not for the hot path.
 * @returns false when nothing could be kept. Never throws: no job fails for its history.
 */
export async function recordHistory(
  stateDir: string,
  entries: readonly HistoryEntry[],
  bounds: HistoryBounds = BOUNDS,
): Promise<boolean> {
  const path = join(stateDir, FILE);
  try {
    await makePrivateDirectory(stateDir);
    const found = await inodeOf(path);
    try {
      return await append(path, entries, bounds);
    } catch (error) {
      if (!isCorrupt(error)) return false;
      // Somebody else may have met the same and be done with it.
      if (found === (await inodeOf(path))) await setAside(path);
      return await append(path, entries, bounds);
    }
  } catch {
    return false;
  }
}

/**
 * Reads the history, newest first; none when there is no database. Writes nothing, and makes no file.
 * @throws PilotlightError `state_newer`, or `state_unreadable` when it is no database or this user may not see it.
 */
export async function readHistory(
  stateDir: string,
  query: HistoryQuery,
): Promise<readonly HistoryEntry[]> {
  const path = join(stateDir, FILE);
  for (let tries = 1; ; tries += 1) {
    const before = await stampOf(path);
    if (before === null) return [];
    const found = await select(path, query).catch((error: unknown) => ({ error }));
    if ("error" in found && found.error instanceof PilotlightError) throw found.error;
    // A writer that came in between may have moved pages under the reading.
    if (tries < TRIES && before !== (await stampOf(path))) await sleep(PAUSE);
    else if (!("error" in found)) return found;
    else throw unreadable(path, found.error);
  }
}

async function append(
  path: string,
  entries: readonly HistoryEntry[],
  bounds: HistoryBounds,
): Promise<boolean> {
  // SQLite would make it readable for others; the files beside it take their mode from it.
  await (await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)).close();
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { timeout: PATIENCE });
  try {
    if (schemaOf(database) > HISTORY_SCHEMA) return false;
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
    try {
      createSchema(database);
      insertInto(database, entries, bounds);
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
    return true;
  } finally {
    database.close();
  }
}

async function select(path: string, query: HistoryQuery): Promise<readonly HistoryEntry[]> {
  const { DatabaseSync } = await import("node:sqlite");
  const url = pathToFileURL(path);
  url.searchParams.set(await readOnlyMode(path), "1");
  const database = new DatabaseSync(url, { readOnly: true, timeout: PATIENCE });
  try {
    const schema = schemaOf(database);
    if (schema > HISTORY_SCHEMA) {
      const detail = `${path} has schema ${schema}; this Pilotlight knows ${HISTORY_SCHEMA}`;
      throw new PilotlightError("state_newer", detail);
    }
    // An empty file is a database that nobody has written to yet.
    return schema === 0 ? [] : selectFrom(database, query);
  } finally {
    database.close();
  }
}

/**
 * How SQLite reads without writing, in a directory of any mode. Opened plainly it makes `-wal` and `-shm`
 * beside a database in WAL mode. Where a writer is at work, or was killed, both are there: `readonly_shm` reads
 * them as they lie (as root, SQLite only gives them to the owner that they have already). Else the database
 * alone is all there is, which `immutable` reads. A `-wal` without its `-shm`, as out of a backup, waits for the
 * next entry: until then its rows are not seen.
 */
async function readOnlyMode(path: string): Promise<"readonly_shm" | "immutable"> {
  const sizes = await Promise.all(["-wal", "-shm"].map((ending) => sizeOf(path + ending)));
  return sizes.every((size) => size > 0) ? "readonly_shm" : "immutable";
}

function schemaOf(database: DatabaseSync): number {
  const row = database.prepare("PRAGMA user_version").get();
  return Number(row?.["user_version"] ?? 0);
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isCorrupt(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" && [11, 26].includes(code & 0xff);
}

async function setAside(path: string): Promise<void> {
  await rename(path, `${path}.corrupt`);
  for (const ending of ["-wal", "-shm"]) await rm(path + ending, { force: true });
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

/** What changes when the database or its `-wal` does; `null` where there is no database. */
async function stampOf(path: string): Promise<string | null> {
  const file = await statsOf(path);
  return file && [file.ino, file.size, file.mtimeMs, await sizeOf(`${path}-wal`)].join(":");
}

async function inodeOf(path: string): Promise<number | null> {
  return (await statsOf(path))?.ino ?? null;
}

/** @returns `null` where nothing is there. @throws PilotlightError `state_unreadable` where nobody can tell */
async function statsOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return null;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): PilotlightError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PilotlightError("state_unreadable", `${path}: ${why}`, { cause });
}
