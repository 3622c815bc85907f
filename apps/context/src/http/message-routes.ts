import { createRoute, z } from "@hono/zod-openapi";
import type { MessageDraft } from "../core/message.ts";
import { Trouble } from "../core/trouble.ts";
import { withoutTokens } from "../core/without-tokens.ts";
import { unknownEntity } from "../service/provide-context.ts";
import { type Added, KeyTaken } from "../storage/context-store.ts";
import { bodyOf, jsonOf, problemOf, REFUSALS } from "./answers.ts";
import type { App, AppParts } from "./app.ts";
import { messageBodyOf } from "./bodies.ts";
import { bulkBody, entityPath, message, messageBody, problem, stored } from "./schemas.ts";

const path = "/api/v1/entities/{entityId}/messages";
const taken = problemOf("the key stands for another message already", problem);

const add = createRoute({
  method: "post",
  path,
  summary: "Store a message; with a key, once",
  request: { params: entityPath, body: bodyOf(messageBody) },
  responses: {
    200: jsonOf(stored, "it was there already, by its key"),
    201: jsonOf(stored, "it is stored"),
    409: taken,
    ...REFUSALS,
  },
});

const addBulk = createRoute({
  method: "post",
  path: `${path}/bulk`,
  summary: "Store up to 1,000 messages, all or none",
  request: { params: entityPath, body: bodyOf(bulkBody) },
  responses: {
    200: jsonOf(z.object({ messages: z.array(stored) }), "they are stored, in this order"),
    409: taken,
    ...REFUSALS,
  },
});

const list = createRoute({
  method: "get",
  path,
  summary: "List messages, in the order of their arrival",
  request: {
    params: entityPath,
    query: z.object({
      after: z.coerce.number().int().min(0).optional().openapi({ description: "A position." }),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
  },
  responses: { 200: jsonOf(z.object({ messages: z.array(message) }), "a page"), ...REFUSALS },
});

export function addMessageRoutes(app: App, parts: AppParts): void {
  const { store } = parts;
  app.openapi(add, async (call) => {
    const { entityId } = call.req.valid("param");
    const [one] = await put(parts, entityId, [call.req.valid("json")]);
    if (one === undefined) throw new Error("a message was stored and is not there");
    return call.json(storedOf(one), one.isNew ? 201 : 200);
  });
  app.openapi(addBulk, async (call) => {
    const { entityId } = call.req.valid("param");
    const added = await put(parts, entityId, call.req.valid("json").messages);
    return call.json({ messages: added.map(storedOf) }, 200);
  });
  app.openapi(list, async (call) => {
    const { entityId } = call.req.valid("param");
    const { after = null, limit } = call.req.valid("query");
    if ((await store.entity(entityId)) === null) throw unknownEntity(entityId);
    const messages = await store.messages(entityId, { after, limit });
    return call.json({ messages: messages.map(messageBodyOf) }, 200);
  });
}

async function put(
  { store, now }: AppParts,
  entityId: string,
  bodies: readonly z.infer<typeof messageBody>[],
): Promise<readonly Added[]> {
  const arrived = now();
  const drafts = bodies.map(({ key = null, author = null, text, sentAt }): MessageDraft => ({
    key,
    author: author && withoutTokens(author),
    text: withoutTokens(text),
    sentAt: sentAt === undefined ? arrived : Date.parse(sentAt),
  }));
  try {
    const added = await store.addMessages(entityId, drafts);
    if (added === null) throw unknownEntity(entityId);
    return added;
  } catch (error) {
    if (!(error instanceof KeyTaken)) throw error;
    throw new Trouble({
      code: "message_key_taken",
      status: 409,
      title: "the key stands for another message already",
      detail: `${error.message}; nothing of this request was stored`,
      retryable: false,
      action: { message: "give the message a key of its own", command: null, by: "client" },
    });
  }
}

function storedOf({ message: { id, key }, isNew }: Added) {
  return { messageId: id, key, isNew };
}
