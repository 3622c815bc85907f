import { createRoute, z } from "@hono/zod-openapi";
import { Trouble } from "../core/trouble.ts";
import { unknownEntity } from "../service/provide-context.ts";
import { jsonOf, REFUSALS } from "./answers.ts";
import type { App, AppParts } from "./app.ts";
import { ageOf, factBodyOf, isoTime } from "./bodies.ts";
import { entityPath, fact, factList } from "./schemas.ts";

const path = "/api/v1/entities/{entityId}/facts";

const list = createRoute({
  method: "get",
  path,
  summary: "List the stored facts and their age; asks nobody",
  request: {
    params: entityPath,
    query: z.object({ withdrawn: z.enum(["true", "false"]).default("false") }),
  },
  responses: { 200: jsonOf(factList, "the facts, newest change first"), ...REFUSALS },
});

const withdraw = createRoute({
  method: "delete",
  path: `${path}/{factId}`,
  summary: "Withdraw a fact by hand",
  request: { params: entityPath.extend({ factId: z.string().min(1).max(100) }) },
  responses: { 200: jsonOf(fact, "it holds no longer"), ...REFUSALS },
});

export function addFactRoutes(app: App, { store, now }: AppParts): void {
  app.openapi(list, async (call) => {
    const { entityId } = call.req.valid("param");
    const found = await store.entity(entityId);
    if (found === null) throw unknownEntity(entityId);
    const { readAt, readUpTo, messageCount, failure } = found.progress;
    const withdrawn = call.req.valid("query").withdrawn === "true";
    const facts = await store.facts(entityId, { withdrawn });
    const messagesUnread = messageCount - readUpTo;
    const body = {
      entityId,
      facts: facts.map(factBodyOf),
      stale: failure !== null || messagesUnread > 0,
      factsAsOf: readAt === null ? null : isoTime(readAt),
      factsAgeSeconds: ageOf(readAt, now()),
      messagesUnread,
      lastFailure: failure && { code: failure.code, at: isoTime(failure.at) },
    };
    return call.json(body, 200);
  });
  app.openapi(withdraw, async (call) => {
    const { entityId, factId } = call.req.valid("param");
    const gone = await store.withdraw(entityId, factId, { at: now(), reason: "by hand" });
    if (gone !== null) return call.json(factBodyOf(gone), 200);
    throw new Trouble({
      code: "fact_unknown",
      status: 404,
      title: "there is no such fact, or it was withdrawn before",
      detail: `${JSON.stringify(entityId)} has no live fact ${JSON.stringify(factId)}`,
      retryable: false,
    });
  });
}
