/**
 * A service with Hono: POST /ask {"prompt": "…"}, GET /health, GET /metrics.
 *
 *   ANTHROPIC_API_KEY=… ASK_MODEL=… node hono.ts
 *   node hono.ts --own             with your own login: for a service that nobody else can reach
 *
 * It listens on 127.0.0.1 and lets everybody there ask; who else may ask is yours to decide.
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import {
  type Claude,
  ClaudeError,
  createClaude,
  PilotlightError,
  traitsOf,
} from "pilotlight/orchestrator";
import { z } from "zod";

const { PORT = "3000", ASK_MODEL: model } = process.env;
const auth = process.argv.includes("--own") ? "subscription" : "api-key";
const claude = opened();

const Question = z.object({ prompt: z.string().min(1) });
const app = new Hono();

app.post("/ask", async (context) => {
  const asked = Question.safeParse(await context.req.json().catch(() => null));
  if (!asked.success) return context.json({ error: "usage", what: "the body needs a prompt" }, 400);
  const { prompt } = asked.data;
  // It is aborted when the client goes away.
  const { signal } = context.req.raw;
  const { text, model, usage } = await claude.ask({ prompt, signal, timeoutMs: 2 * 60_000 });
  return context.json({ text, model, usage });
});

app.get("/health", (context) => {
  const health = claude.health();
  return context.json(health, health.isWell ? 200 : 503);
});

app.get("/metrics", async (context) => {
  const headers = { "content-type": "text/plain; version=0.0.4" };
  return context.body(await claude.metrics(), 200, headers);
});

app.onError((error, context) => {
  if (context.req.raw.signal.aborted) return context.body(null);
  if (!(error instanceof PilotlightError)) {
    console.error(error);
    return context.json({ error: "other" }, 500);
  }
  const { http, what, fix, retryable } = traitsOf(error.code);
  // The fix is for whoever runs this service, not for those who ask.
  console.error(`${error.code}: ${error.message}; ${fix}`);
  if (error instanceof ClaudeError && error.resetsAt !== null) {
    context.header("retry-after", String(Math.ceil((error.resetsAt - Date.now()) / 1000)));
  }
  return context.json({ error: error.code, what, retryable }, http);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(PORT) }, ({ port }) =>
  console.log(`listens on http://127.0.0.1:${port}`),
);
process.once("SIGTERM", () => server.close());

/** Ends at once where no question could be put, for want of a key. */
function opened(): Claude {
  try {
    const claude = createClaude({ auth, ...(model !== undefined && { model }) });
    console.log(`asks by ${claude.plan().reason}`);
    return claude;
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    process.exit(traitsOf(error.code).exit);
  }
}
