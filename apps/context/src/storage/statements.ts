import type { DatabaseSync } from "node:sqlite";

const MESSAGE = "seq, position, key, author, text, sent_at";
const FACT =
  "id, text, confidence, sources, created_at, updated_at, withdrawn_at, withdrawn_reason";

export type Statements = ReturnType<typeof statementsOf>;

/** Every statement of the store, prepared once. */
export function statementsOf(database: DatabaseSync) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    /** What others write meanwhile is not seen, and nobody waits for it. */
    beginReading: database.prepare("BEGIN"),
    end: database.prepare("COMMIT"),
    undo: database.prepare("ROLLBACK"),
    entity: database.prepare("SELECT * FROM entities WHERE id = ?"),
    entities: database.prepare("SELECT * FROM entities WHERE id > ? ORDER BY id LIMIT ?"),
    putEntity: database.prepare(
      `INSERT INTO entities (id, name, created_at) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
    ),
    removeEntity: database.prepare("DELETE FROM entities WHERE id = ?"),
    messageByKey: database.prepare(
      `SELECT ${MESSAGE} FROM messages WHERE entity_id = ? AND key = ?`,
    ),
    addMessage: database.prepare(
      `INSERT INTO messages (entity_id, position, key, author, text, sent_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    countMessages: database.prepare("UPDATE entities SET message_count = ? WHERE id = ?"),
    messagesAfter: database.prepare(
      `SELECT ${MESSAGE} FROM messages WHERE entity_id = ? AND position > ?
       ORDER BY position LIMIT ?`,
    ),
    newest: database.prepare(
      `SELECT ${MESSAGE} FROM messages WHERE entity_id = ?
       ORDER BY sent_at DESC, position DESC LIMIT ?`,
    ),
    liveFacts: database.prepare(
      `SELECT ${FACT} FROM facts WHERE entity_id = ? AND withdrawn_at IS NULL
       ORDER BY updated_at DESC, id`,
    ),
    allFacts: database.prepare(
      `SELECT ${FACT} FROM facts WHERE entity_id = ? ORDER BY updated_at DESC, id`,
    ),
    putFact: database.prepare(
      `INSERT INTO facts (id, entity_id, text, confidence, sources, created_at, updated_at,
                          withdrawn_at, withdrawn_reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET text = excluded.text, confidence = excluded.confidence,
         sources = excluded.sources, updated_at = excluded.updated_at,
         withdrawn_at = excluded.withdrawn_at, withdrawn_reason = excluded.withdrawn_reason`,
    ),
    commit: database.prepare(
      `UPDATE entities SET read_up_to = ?, summary = ?, read_at = ?, revision = revision + 1,
         failure_code = NULL, failure_at = NULL
       WHERE id = ? AND revision = ?`,
    ),
    revise: database.prepare("UPDATE entities SET revision = revision + 1 WHERE id = ?"),
    withdraw: database.prepare(
      `UPDATE facts SET withdrawn_at = ?, withdrawn_reason = ?
       WHERE id = ? AND entity_id = ? AND withdrawn_at IS NULL RETURNING ${FACT}`,
    ),
    noteFailure: database.prepare(
      "UPDATE entities SET failure_code = ?, failure_at = ? WHERE id = ?",
    ),
  };
}
