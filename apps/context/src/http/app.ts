import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { Trouble } from "../core/trouble.ts";
import type { ContextDesk } from "../service/context-desk.ts";
import type { HealthReport } from "../service/health.ts";
import type { ProgressBoard } from "../service/progress-board.ts";
import type { ContextStore } from "../storage/context-store.ts";
import { addContextRoutes } from "./context-routes.ts";
import { addEntityRoutes } from "./entity-routes.ts";
import { addFactRoutes } from "./fact-routes.ts";
import { crowd } from "./crowd.ts";
import { guard, type GuardOptions } from "./guard.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { addMessageRoutes } from "./message-routes.ts";
import { invalidBy, printProblem, troubleIn } from "./problem.ts";

/** What the HTTP face stands on. */
export interface AppParts extends GuardOptions {
  readonly store: ContextStore;
  readonly desk: ContextDesk;
  readonly board: ProgressBoard;
  readonly health: () => Promise<HealthReport>;
  readonly metrics: () => Promise<string>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Requests at once, besides streams and health. */
  readonly mostRequests: number;
  /** Aborts when the service ends, so that no stream keeps it. */
  readonly ending: AbortSignal;
  /** Hears of every answer; never a body, never a secret. */
  readonly log: (line: LogLine) => void;
}

export interface LogLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly code?: string;
  readonly error?: string;
}

export type App = OpenAPIHono;

/** Bytes: a full bulk of long messages in any script is larger, and is sent in parts. */
const LARGEST_BODY = 4 * 1024 * 1024;

/** The whole HTTP face, as a function of a request. */
export function contextApp(parts: AppParts): App {
  const app: App = new OpenAPIHono({
    defaultHook(result) {
      if (result.success) return undefined;
      return printProblem(invalidBy(result.error), parts.now());
    },
  });
  const failures = new WeakMap<Request, Pick<LogLine, "code" | "error">>();
  app.use(async (call, next) => {
    const started = performance.now();
    await next();
    const { method, path } = call.req;
    const ms = Math.round(performance.now() - started);
    const failed = failures.get(call.req.raw);
    parts.log({ method, path, status: call.res.status, ms, ...failed });
  });
  app.use(guard(parts));
  app.use(crowd(parts.mostRequests));
  app.use(bodyLimit({ maxSize: LARGEST_BODY, onError: refuseSize }));
  addEntityRoutes(app, parts);
  addMessageRoutes(app, parts);
  addFactRoutes(app, parts);
  addContextRoutes(app, parts);
  addHealthRoutes(app, parts);
  const info = { title: "Context", version: "1" };
  app.doc31("/openapi.json", { openapi: "3.1.0", info });

  app.notFound(() => printProblem(NOT_FOUND, parts.now()));
  app.onError((error, call) => {
    const facts = troubleIn(error, call);
    // Nobody is there any more; 499 is what nginx writes down for it.
    if (facts === null) return new Response(null, { status: 499 });
    const detail = facts.code === "bug" ? { error: String(error.stack ?? error) } : {};
    failures.set(call.req.raw, { code: facts.code, ...detail });
    return printProblem(facts, parts.now());
  });
  return app;
}

function refuseSize(): never {
  throw new Trouble({
    code: "body_too_large",
    status: 413,
    title: "the body is too large",
    detail: `at most ${LARGEST_BODY} bytes at once`,
    retryable: false,
  });
}

const NOT_FOUND = {
  code: "not_found",
  status: 404,
  title: "there is nothing here",
  detail: "GET /openapi.json has everything that is",
  retryable: false,
} as const;
