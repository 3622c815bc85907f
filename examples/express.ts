/**
 * A service with Express 5: POST /ask {"prompt": "…"}, GET /health, GET /metrics.
 *
 *   ANTHROPIC_API_KEY=… ASK_MODEL=… node express.ts
 *   node express.ts --own          with your own login: for a service that nobody else can reach
 *
 * It listens on 127.0.0.1 and lets everybody there ask; who else may ask is yours to decide.
 */
import express, { type NextFunction, type Request, type Response } from "express";
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
const app = express();

app.post("/ask", express.json(), async (request, response) => {
  const asked = Question.safeParse(request.body);
  if (!asked.success) {
    response.status(400).json({ error: "usage", what: "the body needs a prompt" });
    return;
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const { prompt } = asked.data;
  const { text, model, usage } = await claude.ask({
    prompt,
    signal: gone.signal,
    timeoutMs: 2 * 60_000,
  });
  response.json({ text, model, usage });
});

app.get("/health", (_request, response) => {
  const health = claude.health();
  response.status(health.isWell ? 200 : 503).json(health);
});

app.get("/metrics", async (_request, response) => {
  response.type("text/plain; version=0.0.4").send(await claude.metrics());
});

app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (response.destroyed) return;
  if (!(error instanceof PilotlightError)) {
    next(error);
    return;
  }
  const { http, what, fix, retryable } = traitsOf(error.code);
  // The fix is for whoever runs this service, not for those who ask.
  console.error(`${error.code}: ${error.message}; ${fix}`);
  if (error instanceof ClaudeError && error.resetsAt !== null) {
    response.set("retry-after", String(Math.ceil((error.resetsAt - Date.now()) / 1000)));
  }
  response.status(http).json({ error: error.code, what, retryable });
});

const server = app.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : PORT;
  console.log(`listens on http://127.0.0.1:${port}`);
});
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
