import type { DatabaseSync } from "node:sqlite";

/** One entry for each version of the schema; what was released is never changed. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE entities (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     message_count INTEGER NOT NULL DEFAULT 0,
     read_up_to INTEGER NOT NULL DEFAULT 0,
     revision INTEGER NOT NULL DEFAULT 0,
     summary TEXT,
     read_at INTEGER,
     failure_code TEXT,
     failure_at INTEGER
   ) STRICT;
   CREATE TABLE messages (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     entity_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
     position INTEGER NOT NULL,
     key TEXT,
     author TEXT,
     text TEXT NOT NULL,
     sent_at INTEGER NOT NULL,
     UNIQUE (entity_id, position),
     UNIQUE (entity_id, key)
   ) STRICT;
   CREATE INDEX messages_by_sending ON messages (entity_id, sent_at, position);
   CREATE TABLE facts (
     id TEXT PRIMARY KEY,
     entity_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
     text TEXT NOT NULL,
     confidence REAL NOT NULL,
     sources TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL,
     withdrawn_at INTEGER,
     withdrawn_reason TEXT
   ) STRICT;
   CREATE INDEX facts_by_entity ON facts (entity_id, withdrawn_at, updated_at);`,
];

/** The schema that this service writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The file was written by a newer service. */
export class SchemaNewer extends Error {
  constructor(found: number) {
    super(`the database has schema ${found}, and this service knows up to ${SCHEMA_VERSION}`);
    this.name = "SchemaNewer";
  }
}

/** Brings a database to the newest schema, each step whole or not at all. @throws SchemaNewer */
export function migrate(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const row = database.prepare("PRAGMA user_version").get();
    const found = Number(row?.["user_version"] ?? 0);
    if (found > SCHEMA_VERSION) throw new SchemaNewer(found);
    for (const step of MIGRATIONS.slice(found)) database.exec(step);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
