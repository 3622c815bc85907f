import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { Fingerprint } from "../core/credential.ts";
import type { HistoryBounds, HistoryEntry, HistoryQuery } from "./history-entry.ts";

/** `user_version` of the database. */
export const HISTORY_SCHEMA = 1;

const TABLE = `
  CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    login TEXT NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    exit INTEGER,
    duration_ms INTEGER,
    from_fingerprint TEXT,
    to_fingerprint TEXT,
    request_id TEXT,
    detail TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS events_at ON events (at);
  PRAGMA user_version = ${HISTORY_SCHEMA};
`;

/** Characters of a detail; a page of HTML may be one. */
const DETAIL_LIMIT = 1000;

export function createSchema(database: DatabaseSync): void {
  database.exec(TABLE);
}

/** Adds the entries and removes what is too old or too much. */
export function insertInto(
  database: DatabaseSync,
  entries: readonly HistoryEntry[],
  bounds: HistoryBounds,
): void {
  const insert = database.prepare(
    `INSERT INTO events (at, login, kind, code, exit, duration_ms, from_fingerprint, to_fingerprint, request_id, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const entry of entries) {
    const { at, login, kind, code, exit, durationMs, from, to, requestId } = entry;
    const detail = entry.detail?.slice(0, DETAIL_LIMIT) ?? null;
    const times = [Math.round(at), durationMs === null ? null : Math.round(durationMs)] as const;
    insert.run(times[0], login, kind, code, exit, times[1], from, to, requestId, detail);
  }
  const newest = Math.max(0, ...entries.map(({ at }) => at));
  database.prepare("DELETE FROM events WHERE at < ?").run(Math.round(newest - bounds.age));
  database
    .prepare("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?")
    .run(bounds.rows);
}

export function selectFrom(
  database: DatabaseSync,
  { since, limit, login }: HistoryQuery,
): readonly HistoryEntry[] {
  const select = database.prepare(
    `SELECT * FROM events WHERE at >= ? AND (? IS NULL OR login = ?) ORDER BY at DESC, id DESC LIMIT ?`,
  );
  const name = login ?? null;
  return select.all(Math.round(since), name, name, limit).map(entryOf);
}

type Row = Readonly<Record<string, SQLOutputValue>>;

function entryOf(row: Row): HistoryEntry {
  return {
    at: Number(row["at"]),
    login: String(row["login"]),
    kind: row["kind"] as HistoryEntry["kind"],
    code: String(row["code"]),
    exit: numberAt(row, "exit"),
    durationMs: numberAt(row, "duration_ms"),
    from: textAt(row, "from_fingerprint") as Fingerprint | null,
    to: textAt(row, "to_fingerprint") as Fingerprint | null,
    requestId: textAt(row, "request_id"),
    detail: textAt(row, "detail"),
  };
}

function numberAt(row: Row, key: string): number | null {
  const value = row[key];
  return typeof value === "number" ? value : null;
}

function textAt(row: Row, key: string): string | null {
  const value = row[key];
  return typeof value === "string" ? value : null;
}
