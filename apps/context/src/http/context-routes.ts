import { createRoute } from "@hono/zod-openapi";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { Trouble } from "../core/trouble.ts";
import { unknownEntity } from "../service/provide-context.ts";
import type { Step } from "../service/progress-board.ts";
import { bodyOf, jsonOf, problemOf, REFUSALS } from "./answers.ts";
import type { App, AppParts } from "./app.ts";
import { contextBodyOf } from "./bodies.ts";
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

/** ms between two signs of life on a stream with nothing to tell. */
const HEARTBEAT = 15_000;

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
    const steps: Step[] = [parts.board.now(entityId)];
    let wake = (): void => undefined;
    const end = parts.board.listen(entityId, (step) => {
      steps.push(step);
      wake();
    });
    if (end === null) throw TOO_MANY;
    const pause = () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, HEARTBEAT);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    return streamSSE(call, async (stream) => {
      const leave = () => wake();
      stream.onAbort(leave);
      parts.ending.addEventListener("abort", leave);
      try {
        while (!stream.aborted && !parts.ending.aborted) {
          if (steps.length === 0) await pause();
          await send(stream, steps.splice(0));
        }
      } finally {
        parts.ending.removeEventListener("abort", leave);
        end();
      }
    });
  });
}

async function send(stream: SSEStreamingApi, steps: readonly Step[]): Promise<void> {
  if (steps.length === 0) await stream.write(": still here\n\n");
  for (const { phase, ...data } of steps) {
    await stream.writeSSE({ event: phase, data: JSON.stringify(data) });
  }
}

const TOO_MANY = new Trouble({
  code: "watchers_full",
  status: 503,
  title: "as many streams are open as there is room for",
  detail: "the context itself can be asked for all the same",
  retryable: true,
  retryAfter: 30,
});
