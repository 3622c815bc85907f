import { z } from "zod";
import type { Fact } from "../core/fact.ts";
import type { Entity, Message } from "../core/message.ts";
import type { Progress } from "../core/snapshot.ts";

type Row = Readonly<Record<string, unknown>>;

const entityRow = z.object({
  id: z.string(),
  name: z.string(),
  created_at: z.number(),
  message_count: z.number(),
  read_up_to: z.number(),
  revision: z.number(),
  summary: z.string().nullable(),
  read_at: z.number().nullable(),
  failure_code: z.string().nullable(),
  failure_at: z.number().nullable(),
});

export function entityOf(row: Row): { readonly entity: Entity; readonly progress: Progress } {
  const found = entityRow.parse(row);
  const { failure_code: code, failure_at: at } = found;
  return {
    entity: { id: found.id, name: found.name, createdAt: found.created_at },
    progress: {
      messageCount: found.message_count,
      readUpTo: found.read_up_to,
      revision: found.revision,
      summary: found.summary,
      readAt: found.read_at,
      failure: code === null || at === null ? null : { code, at },
    },
  };
}

/** The table is STRICT, so its columns are what they were declared to be. */
export function messageOf(row: Row): Message {
  return {
    id: `m${Number(row["seq"])}`,
    position: row["position"] as number,
    key: row["key"] as string | null,
    author: row["author"] as string | null,
    text: row["text"] as string,
    sentAt: row["sent_at"] as number,
  };
}

export function factOf(row: Row): Fact {
  const at = row["withdrawn_at"] as number | null;
  return {
    id: row["id"] as string,
    text: row["text"] as string,
    confidence: row["confidence"] as number,
    sourceMessageIds: JSON.parse(row["sources"] as string) as string[],
    createdAt: row["created_at"] as number,
    updatedAt: row["updated_at"] as number,
    withdrawn: at === null ? null : { at, reason: row["withdrawn_reason"] as string },
  };
}
