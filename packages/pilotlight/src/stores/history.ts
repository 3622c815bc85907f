import { constants } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { errnoOf, PilotlightError } from "../core/errors.ts";
import { makePrivateDirectory } from "../disk/directory.ts";
import type { HistoryBounds, HistoryEntry, HistoryQuery } from "./history-entry.ts";
import { createSchema, HISTORY_SCHEMA, insertInto, selectFrom } from "./history-schema.ts";

const BOUNDS: HistoryBounds = { rows: 20_000, age: 90 * 24 * 60 * 60 * 1000 };

/** ms that a writer waits for another; the calls are synchronous, so nothing else goes on meanwhile. */
const PATIENCE = 2000;

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
 * Reads the history, newest first; none when there is no database.
 * @throws PilotlightError `state_newer`, or `state_unreadable` when it is no database or this user may not see it.
 */
export async function readHistory(
  stateDir: string,
  query: HistoryQuery,
): Promise<readonly HistoryEntry[]> {
  const path = join(stateDir, FILE);
  if ((await inodeOf(path)) === null) return [];
  try {
    return await select(path, query, false);
  } catch (error) {
    if (error instanceof PilotlightError) throw error;
    // A database in WAL mode makes files beside it even to be read; without, it is read as it lies there.
    return select(path, query, true).catch((again: unknown) => {
      throw again instanceof PilotlightError ? again : unreadable(path, error);
    });
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

async function select(
  path: string,
  query: HistoryQuery,
  isImmutable: boolean,
): Promise<readonly HistoryEntry[]> {
  const { DatabaseSync } = await import("node:sqlite");
  const url = pathToFileURL(path);
  if (isImmutable) url.searchParams.set("immutable", "1");
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

/** @returns `null` where nothing is there. @throws PilotlightError `state_unreadable` where nobody can tell */
async function inodeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino;
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
