import { createRoute } from "@hono/zod-openapi";
import { unknownEntity } from "../service/provide-context.ts";
import { bodyOf, jsonOf, problemOf, REFUSALS } from "./answers.ts";
import type { App, AppParts } from "./app.ts";
import { contextBodyOf } from "./bodies.ts";
import { progressStream } from "./progress-stream.ts";
import { context, contextBody, contextProblem, entityPath } from "./schemas.ts";

const ask = createRoute({
  method: "post",
  path: "/api/v1/context",
  summary: "Read what is new, and sum up what is known",
  description:
    "200 means that Claude has looked. Where it could not, the answer is a problem with a code, whether and when to " +
    "come back, what to do, and the facts that were known before (`stale`, with their age).",
  request: { body: bodyOf(contextBody) },
  responses: {
    200: jsonOf(context, "the context, made now"),
    ...REFUSALS,
    503: problemOf(
      "Claude could not look, or there is no room for another question",
      contextProblem,
    ),
  },
});

const watch = createRoute({
  method: "get",
  path: "/api/v1/entities/{entityId}/progress",
  summary: "Watch how far the context of an entity is, as server-sent events",
  request: { params: entityPath },
  responses: {
    200: {
      description:
        "events `idle`, `asked`, `reading`, `waiting`, `stored`, `done`, `failed`; their data is JSON",
      content: { "text/event-stream": { schema: { type: "string" } } },
    },
    ...REFUSALS,
  },
});

export function addContextRoutes(app: App, parts: AppParts): void {
  const { store, desk } = parts;
  app.openapi(ask, async (call) => {
    const { entityId } = call.req.valid("json");
    const made = await desk.ask(entityId, call.req.raw.signal);
    call.header("cache-control", "no-store");
    return call.json(contextBodyOf(made), 200);
  });
  app.openapi(watch, async (call) => {
    const { entityId } = call.req.valid("param");
    if ((await store.entity(entityId)) === null) throw unknownEntity(entityId);
    return progressStream(call, entityId, parts);
  });
}
