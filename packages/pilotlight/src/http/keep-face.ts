import { Hono } from "hono";
import { PilotlightError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import type { Address } from "./allowed-host.ts";
import { bareProblem, healthReport, problemOfHealth } from "./answers/health.ts";
import { historyReport } from "./answers/history.ts";
import { jsonAnswer } from "./answers/json-answer.ts";
import { statusAnswer } from "./answers/status.ts";
import { bearer, type IsAuthorised } from "./bearer.ts";
import { EVENT_LIMITS, type EventLimits, eventStreams } from "./event-streams.ts";
import { guard, isOpenToAll } from "./guard.ts";
import type { KeepView } from "./keep-view.ts";
import { addLoginActions } from "./login-actions.ts";
import { failureOf, problemResponse } from "./problem.ts";
import { addRenewPage, isRenewPath, type RenewPageParts } from "./renew/add-renew-page.ts";
import type { Renewals } from "./renew/renewals.ts";
import { get, refuse, text } from "./route.ts";
import { withSafeHeaders } from "./safe-headers.ts";
import { addPages } from "./site/pages.ts";

export interface RenewFace {
  readonly renewals: Renewals;
  /** `null` where no passphrase is configured. */
  readonly page: RenewPageParts | null;
}

export interface KeepFaceOptions {
  /** Where the server listens; asked at each request, for a free port is known only later. */
  readonly address: () => Address;
  /** What a refresh needs, and everything but the probes away from loopback; `null` refuses that to everybody. */
  readonly token: Secret | null;
  /** Names it may be asked by beside its address: `keep.example`, `keep.example:8443`. */
  readonly hosts?: readonly string[];
  /** Ends the streams of events. */
  readonly signal?: AbortSignal;
  /** Told of what no route expected; whoever asked reads only that it happened. */
  readonly onError?: (error: unknown) => void;
  readonly events?: Partial<EventLimits>;
  /** How a person renews a login here; without it nobody can. */
  readonly renew?: RenewFace;
}

/** What keep answers over HTTP: health, metrics, status, history, events, a refresh and a renewal. Writes nothing by itself. */
export function keepFace(
  view: KeepView,
  options: KeepFaceOptions,
): (request: Request) => Promise<Response> {
  const isAuthorised = bearer(options.token);
  const { renew } = options;
  const isOwnDoor = (path: string) => renew?.page != null && isRenewPath(path);
  const guarded = { hosts: [], ...options, isAuthorised, isOwnDoor };
  const app = new Hono();
  addProbes(app, view, (request) => isOpenToAll(guarded) || isAuthorised(request));
  addReports(app, view);
  addEvents(app, view, options);
  addPages(app, view);
  addLoginActions(app, { view, isAuthorised }, renew?.renewals ?? null);
  if (renew?.page != null) addRenewPage(app, view, renew.renewals, renew.page);
  app.notFound(() => refuse("not_found"));
  app.onError((error) => answerError(error, options));
  return async (request) => {
    try {
      return withSafeHeaders(guard(request, guarded) ?? (await app.fetch(request)));
    } catch (error) {
      return withSafeHeaders(answerError(error, options));
    }
  };
}

function addProbes(app: Hono, view: KeepView, isTrusted: IsAuthorised): void {
  get(app, "/livez", () => (view.isTicking() ? text("ok\n") : refuse("stalled")));
  get(app, "/readyz", (request) => {
    const problem = problemOfHealth(healthReport(view));
    if (problem === null) return text("ok\n");
    return problemResponse(isTrusted(request) ? problem : bareProblem(problem));
  });
}

function addReports(app: Hono, view: KeepView): void {
  get(app, "/healthz", () => {
    const report = healthReport(view);
    const problem = problemOfHealth(report);
    return problem === null ? jsonAnswer(report) : problemResponse(problem, {}, report);
  });
  get(app, "/metrics", async () => {
    const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
    return new Response(await view.metrics(), { headers });
  });
  get(app, "/api/v1/health", () => jsonAnswer(healthReport(view)));
  get(app, "/api/v1/status", () => jsonAnswer(statusAnswer(view.status())));
  get(app, "/api/v1/history", async ({ url }) =>
    jsonAnswer(await historyReport(view, new URL(url).searchParams)),
  );
  let document: object | undefined;
  get(app, "/openapi.json", async () => {
    // The schemas need zod (15 MB of memory, three times the rest of the face, measured 2026-11); few ask for them.
    const { openApiDocument } = await import("./answers/openapi.ts");
    document ??= openApiDocument(view.version);
    return jsonAnswer(document);
  });
}

function addEvents(app: Hono, view: KeepView, options: KeepFaceOptions): void {
  const { events, signal, onError } = options;
  const source = {
    report: () => JSON.stringify(healthReport(view)),
    onChange: (listener: () => void) => view.onChange(listener),
    onError: (error: unknown) => onError?.(error),
  };
  const streams = eventStreams(source, { ...EVENT_LIMITS, ...events }, signal);
  get(app, "/events", ({ method, signal: gone }) => {
    const stream = method === "HEAD" ? "" : streams.open(gone);
    if (stream === null) return refuse("listeners_full");
    // Some proxies would hold the events back.
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    return new Response(stream, { headers });
  });
}

function answerError(error: unknown, { onError }: KeepFaceOptions): Response {
  const isKnown = error instanceof PilotlightError && error.code !== "bug";
  if (isKnown) return problemResponse(failureOf(error.code, error.message));
  onError?.(error);
  return problemResponse(failureOf("bug"));
}
