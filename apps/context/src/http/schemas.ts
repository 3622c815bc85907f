import { z } from "@hono/zod-openapi";

const time = z.iso.datetime().openapi({ example: "2026-11-21T07:58:00.000Z" });
export const entityId = z
  .string()
  .regex(/^[\w.:@-]{1,128}$/)
  .openapi({ example: "ada" });
export const entityPath = z.object({
  entityId: entityId.openapi({ param: { name: "entityId", in: "path" } }),
});

export const entity = z.object({ entityId, name: z.string(), createdAt: time }).openapi("Entity");

export const entityBody = z
  .strictObject({ name: z.string().trim().min(1).max(200) })
  .openapi("EntityBody", { example: { name: "Ada Lovelace" } });

/** Characters of a message, so that as many as are read at once fit into one question. */
const LONGEST_MESSAGE = 4_000;

export const messageBody = z
  .strictObject({
    key: z.string().min(1).max(200).optional().openapi({
      description: "The sender's own name for the message: the same key is stored once.",
    }),
    author: z.string().max(200).optional(),
    text: z.string().trim().min(1).max(LONGEST_MESSAGE),
    sentAt: time.optional().openapi({ description: "The time of arrival unless given." }),
  })
  .openapi("MessageBody", {
    example: { key: "chat-17", author: "Ada", text: "I moved to Turin." },
  });

export const message = z
  .object({
    messageId: z.string(),
    position: z.int(),
    key: z.string().nullable(),
    author: z.string().nullable(),
    text: z.string(),
    sentAt: time,
  })
  .openapi("Message");

export const stored = z
  .object({ messageId: z.string(), key: z.string().nullable(), isNew: z.boolean() })
  .openapi("StoredMessage");

export const bulkBody = z
  .strictObject({ messages: z.array(messageBody).min(1).max(1_000) })
  .openapi("MessagesBody");

export const fact = z
  .object({
    factId: z.string(),
    text: z.string(),
    confidence: z.number().min(0).max(1),
    sourceMessageIds: z.array(z.string()).min(1),
    createdAt: time,
    updatedAt: time,
    withdrawn: z.object({ at: time, reason: z.string() }).nullable(),
  })
  .openapi("Fact");

export const factList = z
  .object({
    entityId,
    facts: z.array(fact),
    stale: z.boolean().openapi({
      description: "True where messages wait to be read, or the last attempt to read them failed.",
    }),
    factsAsOf: time.nullable(),
    factsAgeSeconds: z.int().nullable(),
    messagesUnread: z.int(),
    lastFailure: z.object({ code: z.string(), at: time }).nullable(),
  })
  .openapi("FactList");

export const contextBody = z.strictObject({ entityId }).openapi("ContextBody");

export const context = z
  .object({
    entityId,
    entityName: z.string(),
    summary: z.string().nullable(),
    facts: z.array(fact.omit({ withdrawn: true, createdAt: true })),
    sources: z.object({
      hotMessagesCount: z.int(),
      factsIncluded: z.int(),
      factsKnown: z.int(),
      messagesKnown: z.int(),
      messagesRead: z.int(),
      messagesUnread: z.int(),
    }),
    extraction: z.object({
      outcome: z.enum([
        "facts_changed",
        "no_facts_in_these_messages",
        "no_new_messages",
        "no_messages",
      ]),
      added: z.int(),
      updated: z.int(),
      withdrawn: z.int(),
      duplicates: z.int(),
      rejected: z.int(),
    }),
    stale: z.literal(false),
    generatedAt: time,
    credential: z
      .object({
        auth: z.enum(["api-key", "subscription"]),
        kind: z.string(),
        source: z.string(),
        backend: z.string(),
      })
      .nullable(),
    usage: z.object({
      questions: z.int(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      cacheCreationInputTokens: z.number(),
      cacheReadInputTokens: z.number(),
      costUsd: z.number().nullable(),
      model: z.string().nullable(),
    }),
  })
  .openapi("Context");

const action = z.object({ message: z.string(), command: z.string().nullable(), by: z.string() });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    retryAfterSeconds: z.int().optional(),
    action: action.optional(),
    requestId: z.string().optional(),
  })
  .openapi("Problem");

/** Of a context that could not be made. */
export const contextProblem = problem
  .extend({
    entityId: entityId.optional(),
    entityName: z.string().optional(),
    stale: z.literal(true).optional(),
    summary: z.string().nullable().optional(),
    facts: fact.array().nullable().optional().openapi({
      description: "What was known before; null where the messages were never read.",
    }),
    factsAsOf: time.nullable().optional(),
    factsAgeSeconds: z.int().nullable().optional(),
  })
  .openapi("ContextProblem");

const state = z.enum(["ok", "warning", "critical"]);

export const health = z
  .object({
    status: state,
    checkedAt: time,
    credential: z
      .object({
        auth: z.enum(["api-key", "subscription"]),
        source: z.string(),
        phase: z.string(),
        expiresAt: z.string().nullable(),
        expiresInSeconds: z.int().nullable(),
        loginEndsAt: z.string().nullable(),
        usable: z.boolean(),
        refreshable: z.boolean(),
        proof: z.string(),
      })
      .nullable(),
    warnings: z.array(
      z.object({ state, code: z.string(), message: z.string(), command: z.string().nullable() }),
    ),
    questions: z.looseObject({ running: z.int(), waiting: z.int(), isWell: z.boolean() }),
    contexts: z.object({ running: z.int(), capacity: z.int() }),
    storage: z.enum(["ok", "failed"]),
  })
  .openapi("Health");
