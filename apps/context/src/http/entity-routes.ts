import { createRoute, z } from "@hono/zod-openapi";
import { unknownEntity } from "../service/provide-context.ts";
import { bodyOf, jsonOf, REFUSALS } from "./answers.ts";
import type { App, AppParts } from "./app.ts";
import { entityBodyOf } from "./bodies.ts";
import { entity, entityBody, entityId, entityPath } from "./schemas.ts";

const path = "/api/v1/entities/{entityId}";
const page = z.object({
  after: entityId.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const put = createRoute({
  method: "put",
  path,
  summary: "Make an entity, or give it another name",
  request: { params: entityPath, body: bodyOf(entityBody) },
  responses: {
    200: jsonOf(entity, "it was there"),
    201: jsonOf(entity, "it was made"),
    ...REFUSALS,
  },
});

const list = createRoute({
  method: "get",
  path: "/api/v1/entities",
  summary: "List entities, by id",
  request: { query: page },
  responses: { 200: jsonOf(z.object({ entities: z.array(entity) }), "a page"), ...REFUSALS },
});

const get = createRoute({
  method: "get",
  path,
  summary: "Show an entity",
  request: { params: entityPath },
  responses: { 200: jsonOf(entity, "the entity"), ...REFUSALS },
});

const remove = createRoute({
  method: "delete",
  path,
  summary: "Remove an entity with its messages and facts",
  request: { params: entityPath },
  responses: { 204: { description: "it is gone" }, ...REFUSALS },
});

export function addEntityRoutes(app: App, { store, now }: AppParts): void {
  app.openapi(put, async (call) => {
    const { entityId: id } = call.req.valid("param");
    const { name } = call.req.valid("json");
    const made = await store.putEntity({ id, name, createdAt: now() });
    return call.json(entityBodyOf(made.entity), made.isNew ? 201 : 200);
  });
  app.openapi(list, async (call) => {
    const { after = null, limit } = call.req.valid("query");
    const entities = await store.entities({ after, limit });
    return call.json({ entities: entities.map(entityBodyOf) }, 200);
  });
  app.openapi(get, async (call) => {
    const { entityId: id } = call.req.valid("param");
    const found = await store.entity(id);
    if (found === null) throw unknownEntity(id);
    return call.json(entityBodyOf(found.entity), 200);
  });
  app.openapi(remove, async (call) => {
    const { entityId: id } = call.req.valid("param");
    if (!(await store.removeEntity(id))) throw unknownEntity(id);
    return call.body(null, 204);
  });
}
