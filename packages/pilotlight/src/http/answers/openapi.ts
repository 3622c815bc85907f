import { OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import {
  healthReport,
  healthShape,
  helpReport,
  historyReport,
  problem,
  problemShape,
  refreshReport,
  refreshShape,
  renewReport,
  renewShape,
  statusReport,
} from "./schemas.ts";

/** Every route of the face as OpenAPI 3.1. Loads zod; nothing but this answer needs it. */
export function openApiDocument(version: string) {
  const app = new OpenAPIHono();
  for (const route of ROUTES) app.openAPIRegistry.registerPath(route);
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "Away from loopback every route but /livez and /readyz needs it too",
  });
  const license = { name: "MIT", identifier: "MIT" };
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Pilotlight keep", version, license },
    servers: [{ url: "/" }],
  });
}

const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
const plain = (description: string, type = "text/plain") => ({
  description,
  content: { [type]: { schema: z.string() } },
});
const failing = (description: string, schema: z.ZodType = problem) => ({
  description,
  content: { "application/problem+json": { schema } },
});
/** Whatever a route does not name: a foreign Host (421), a missing token (401), a bug (500) … */
const otherwise = { default: failing("Refused, or failed") };

function get(path: string, summary: string, responses: RouteConfig["responses"]): RouteConfig {
  return { method: "get", path, summary, responses: { ...responses, ...otherwise } };
}

const history: RouteConfig = {
  ...get("/api/v1/history", "What happened to the logins, newest first", {
    200: json(historyReport, "The history"),
    400: failing("A parameter is wrong"),
  }),
  request: {
    query: z.object({
      since: z.string().default("7d").openapi({ example: "12h" }),
      limit: z.int().min(1).max(20_000).default(50),
      login: z.string().optional(),
    }),
  },
};

const help: RouteConfig = {
  ...get("/api/v1/help/{code}", "What an error code means, and what to do", {
    200: json(helpReport, "As pilotlight help <code> --json tells it"),
    404: failing("There is no such code"),
  }),
  request: { params: z.object({ code: z.string() }) },
};

function page(path: string, parameter: string, summary: string): RouteConfig {
  return {
    ...get(path, summary, {
      200: plain("For people", "text/html"),
      404: plain("There is none", "text/html"),
    }),
    request: { params: z.object({ [parameter]: z.string() }) },
  };
}

const failedRefresh = z.union([z.object({ ...refreshShape, ...problemShape }), problem]);

const refresh: RouteConfig = {
  method: "post",
  path: "/api/v1/logins/{name}/refresh",
  summary: "Renews a login if that is due, or by force",
  security: [{ bearer: [] }],
  request: {
    params: z.object({ name: z.string() }),
    body: {
      required: false,
      content: {
        "application/json": { schema: z.strictObject({ force: z.boolean().default(false) }) },
      },
    },
  },
  responses: {
    200: json(refreshReport, "The login is as new as it has to be"),
    400: failing("The body is wrong"),
    401: failing("The token is missing, wrong, or not configured"),
    404: failing("There is no login of that name"),
    413: failing("The body is longer than 16 KiB"),
    default: failing("It failed; the status is that of the code", failedRefresh),
  },
};

const failedRenewal = z.union([z.object({ ...renewShape, ...problemShape }), problem]);

const renewing: Pick<RouteConfig, "path" | "security" | "responses"> = {
  path: "/api/v1/logins/{name}/renew",
  security: [{ bearer: [] }],
  responses: {
    200: json(renewReport, "How it stands; ask again while it starts or is proved"),
    400: failing("The body is wrong, or no code is waited for"),
    401: failing("The token is missing, wrong, or not configured"),
    404: failing("There is no login of that name"),
    413: failing("The body is longer than 16 KiB"),
    default: failing("It failed; the status is that of the code", failedRenewal),
  },
};

const renew: readonly RouteConfig[] = [
  {
    ...renewing,
    method: "get",
    summary: "How the renewal of a login by a person stands",
    request: { params: z.object({ name: z.string() }) },
  },
  {
    ...renewing,
    method: "post",
    summary: "Begins a sign-in, or passes on the code that its link led to",
    request: {
      params: z.object({ name: z.string() }),
      body: {
        required: false,
        content: {
          "application/json": { schema: z.strictObject({ code: z.string().optional() }) },
        },
      },
    },
  },
];

const ROUTES: readonly RouteConfig[] = [
  get("/", "The status page; each login in a line for whoever does not accept text/html", {
    200: {
      description: "For people",
      content: { "text/html": { schema: z.string() }, "text/plain": { schema: z.string() } },
    },
  }),
  page("/logins/{name}", "name", "The page of one login"),
  page(
    "/incidents/{id}",
    "id",
    "The page of one incident: a login and the epoch ms of its first event",
  ),
  get("/livez", "Whether the keeper's loop turns", {
    200: plain("It turns"),
    503: failing("It stands still"),
  }),
  get("/readyz", "Whether every login can be used", {
    200: plain("All can"),
    503: failing("One cannot, and what to do"),
  }),
  get("/healthz", "How each login is", {
    200: json(healthReport, "Every login can be used"),
    503: failing(
      "One cannot; the report is in the problem",
      z.object({ ...healthShape, ...problemShape }),
    ),
  }),
  get("/api/v1/health", "The same report, whatever it says", {
    200: json(healthReport, "How each login is"),
  }),
  get("/metrics", "For Prometheus", { 200: plain("Text format 0.0.4") }),
  get("/api/v1/status", "The credentials, as pilotlight status --json tells them", {
    200: json(statusReport, "The status"),
  }),
  history,
  help,
  get("/events", "A status event with the health report at once and after each change", {
    200: plain("Server-sent events", "text/event-stream"),
    503: failing("Too many listen"),
  }),
  get("/openapi.json", "This document", { 200: json(z.looseObject({}), "OpenAPI 3.1") }),
  refresh,
  ...renew,
  {
    ...get("/renew/{login}/{id}", "The page that an alert links to; asks for the passphrase", {
      200: plain("For people", "text/html"),
      403: plain("Not over plain HTTP", "text/html"),
      410: plain("The link was used, or somebody has signed in since", "text/html"),
    }),
    request: { params: z.object({ login: z.string(), id: z.string() }) },
  },
];
