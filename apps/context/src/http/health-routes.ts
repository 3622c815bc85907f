import { createRoute, z } from "@hono/zod-openapi";
import { jsonOf } from "./answers.ts";
import type { App, AppParts } from "./app.ts";
import { health as schema } from "./schemas.ts";

const live = createRoute({
  method: "get",
  path: "/livez",
  summary: "Whether the process answers",
  responses: { 200: jsonOf(z.object({ status: z.literal("ok") }), "it does") },
});

const health = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the next question can be answered; asks nobody",
  responses: {
    200: jsonOf(schema, "it can; `warning` says what is going to be in the way"),
    503: jsonOf(schema, "it cannot, or nobody would know"),
  },
});

const metrics = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Counts of questions, for Prometheus",
  responses: {
    200: { description: "text", content: { "text/plain": { schema: { type: "string" } } } },
  },
});

export function addHealthRoutes(app: App, parts: AppParts): void {
  app.openapi(live, (call) => call.json({ status: "ok" as const }, 200));
  app.openapi(health, async (call) => {
    const report = await parts.health();
    const { warnings, ...rest } = report;
    const body = { ...rest, warnings: [...warnings] };
    return call.json(body, report.status === "critical" ? 503 : 200);
  });
  app.openAPIRegistry.registerPath(metrics);
  app.get("/metrics", async (call) =>
    call.text(await parts.metrics(), 200, { "content-type": "text/plain; version=0.0.4" }),
  );
}
