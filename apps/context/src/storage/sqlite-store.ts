import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Fact } from "../core/fact.ts";
import { isSameMessage, type MessageDraft } from "../core/message.ts";
import { type Added, type ContextStore, KeyTaken } from "./context-store.ts";
import { migrate } from "./migrations.ts";
import { entityOf, factOf, messageOf } from "./rows.ts";
import { type Statements, statementsOf } from "./statements.ts";

/**
 * Keeps everything in one SQLite file (0600, WAL), or in memory by `:memory:`.
 * @throws SchemaNewer, or SQLite's own error where the file cannot be used
 */
export function sqliteStore(path: string): ContextStore {
  const database = opened(path);
  const sql = statementsOf(database);
  const whole = <T>(work: () => T): T => wholly(sql, sql.begin, work);
  const factsOf = (entityId: string) => sql.liveFacts.all(entityId).map(factOf);
  return {
    putEntity: async ({ id, name, createdAt }) =>
      whole(() => {
        const isNew = sql.entity.get(id) === undefined;
        sql.putEntity.run(id, name, createdAt);
        return { entity: known(sql, id).entity, isNew };
      }),
    entity: async (id) => found(sql, id),
    entities: async ({ after, limit }) =>
      sql.entities.all(after ?? "", limit).map((row) => entityOf(row).entity),
    removeEntity: async (id) => Number(sql.removeEntity.run(id).changes) > 0,
    addMessages: async (entityId, drafts) => whole(() => addTo(sql, entityId, drafts)),
    messages: async (entityId, { after, limit }) =>
      sql.messagesAfter.all(entityId, after ?? 0, limit).map(messageOf),
    facts: async (entityId, { withdrawn }) =>
      withdrawn ? sql.allFacts.all(entityId).map(factOf) : factsOf(entityId),
    snapshot: async (entityId, limits) =>
      wholly(sql, sql.beginReading, () => {
        const one = found(sql, entityId);
        if (one === null) return null;
        const { readUpTo } = one.progress;
        return {
          ...one,
          hot: sql.newest.all(entityId, limits.hot).map(messageOf).toReversed(),
          unread: sql.messagesAfter.all(entityId, readUpTo, limits.unread).map(messageOf),
          facts: factsOf(entityId),
        };
      }),
    commit: async (entityId, { revision, readUpTo, summary, changed, at }) =>
      whole(() => {
        const { changes } = sql.commit.run(readUpTo, summary, at, entityId, revision);
        if (Number(changes) === 0) return false;
        for (const fact of changed) putFact(sql.putFact, entityId, fact);
        return true;
      }),
    withdraw: async (entityId, factId, { at, reason }) =>
      whole(() => {
        const row = sql.withdraw.get(at, reason, factId, entityId);
        if (row === undefined) return null;
        sql.revise.run(entityId);
        return factOf(row);
      }),
    noteFailure: async (entityId, { code, at }) => void sql.noteFailure.run(code, at, entityId),
    // A transaction that takes the write lock and changes nothing.
    probe: async () => whole(() => void sql.entities.all("", 1)),
    close: async () => database.close(),
  };
}

function opened(path: string): DatabaseSync {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: 5_000, enableForeignKeyConstraints: true });
  try {
    if (path !== ":memory:") chmodSync(path, 0o600);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function wholly<T>({ end, undo }: Statements, begin: StatementSync, work: () => T): T {
  begin.run();
  try {
    const result = work();
    end.run();
    return result;
  } catch (error) {
    undo.run();
    throw error;
  }
}

function found(sql: Statements, id: string) {
  const row = sql.entity.get(id);
  return row === undefined ? null : entityOf(row);
}

function known(sql: Statements, id: string) {
  const one = found(sql, id);
  if (one === null) throw new Error(`the entity ${id} is gone in the middle of a transaction`);
  return one;
}

function addTo(sql: Statements, entityId: string, drafts: readonly MessageDraft[]): Added[] | null {
  const one = found(sql, entityId);
  if (one === null) return null;
  let position = one.progress.messageCount;
  const added = drafts.map((draft) => {
    const row = draft.key === null ? undefined : sql.messageByKey.get(entityId, draft.key);
    if (row !== undefined) {
      const message = messageOf(row);
      if (!isSameMessage(message, draft)) throw new KeyTaken(draft.key ?? "");
      return { message, isNew: false };
    }
    const { key, author, text, sentAt } = draft;
    const next = position + 1;
    const { lastInsertRowid } = sql.addMessage.run(entityId, next, key, author, text, sentAt);
    position = next;
    return { message: { ...draft, id: `m${lastInsertRowid}`, position }, isNew: true };
  });
  sql.countMessages.run(position, entityId);
  return added;
}

function putFact(statement: StatementSync, entityId: string, fact: Fact): void {
  const { id, text, confidence, sourceMessageIds, createdAt, updatedAt, withdrawn } = fact;
  statement.run(
    id,
    entityId,
    text,
    confidence,
    JSON.stringify(sourceMessageIds),
    createdAt,
    updatedAt,
    withdrawn?.at ?? null,
    withdrawn?.reason ?? null,
  );
}
