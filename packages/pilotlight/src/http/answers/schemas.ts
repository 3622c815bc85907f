import { z } from "@hono/zod-openapi";
import type { HelpReport } from "../../core/error-page.ts";
import { TRAITS } from "../../core/errors.ts";
import { REFUSALS } from "../problem.ts";
import type { StatusReport } from "../../core/status-report.ts";
import type { HealthReport } from "./health.ts";
import type { HistoryReport } from "./history.ts";
import type { RenewReport } from "./renew.ts";
import type { RefreshReport } from "../../core/refresh-report.ts";

const errorCode = z.enum(Object.keys(TRAITS) as [keyof typeof TRAITS]).openapi("ErrorCode");
const nextStep = ["refresh_due", "login_ends_soon", "expires_at_in_seconds"] as const;
const stepCode = z.enum([...errorCode.options, ...nextStep]);
const problemCode = z
  .enum([...stepCode.options, ...(Object.keys(REFUSALS) as [keyof typeof REFUSALS])])
  .openapi("ProblemCode");
const mover = z
  .enum(["nobody", "wait", "pilotlight", "person", "admin"])
  .openapi("Mover", { description: "Whose move it is" });
const time = z.iso.datetime().openapi("Time", { description: "ISO 8601, UTC" });
const fingerprint = z.templateLiteral(["sha256:", z.string()]).openapi("Fingerprint", {
  pattern: "^sha256:[0-9a-f]{8}$",
  description: "Names a token without showing it",
});

const step = { message: z.string(), command: orNull(z.string()), by: mover };
const action = z
  .object({ code: stepCode, ...step })
  .openapi("Action", { description: "The one next step; the command can be typed as it stands" });
const proof = z
  .object({
    state: z.enum(["proved", "refuted", "unproved"]),
    at: orNull(time),
    by: orNull(z.string()),
    code: orNull(errorCode),
  })
  .openapi("Proof", { description: "What the server said of the access token" });
const phase = z
  .enum([
    "fresh",
    "due",
    "expired",
    "rejected",
    "blanked",
    "ended",
    "absent",
    "unreadable",
    "static",
  ])
  .openapi("Phase");
const driver = z.enum(["cli", "endpoint"]);
const health = z.enum(["ok", "degraded", "down", "starting"]).openapi("Health");

/** A named schema would come into another by `allOf`, which says more than is meant. */
export const problemShape = {
  type: z.string().regex(/^urn:pilotlight:problem:/),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: problemCode,
  action: orNull(z.object({ code: problemCode, ...step })),
};
export const problem = z
  .object(problemShape)
  .openapi("Problem", { description: "RFC 9457, with a code and the next step" });

const loginHealth = z
  .object({
    name: z.string(),
    health,
    phase,
    usable: z.boolean(),
    proof,
    expiresAt: orNull(time),
    loginEndsAt: orNull(time),
    lookedAt: orNull(time),
    renewedAt: orNull(time),
    nextAttemptAt: orNull(time),
    activity: z.enum(["idle", "refreshing", "standby"]),
    journal: z.enum(["clear", "open", "in_doubt"]),
    trouble: z
      .object({
        code: errorCode,
        detail: z.string(),
        since: orNull(time),
        failures: z.int(),
      })
      .nullable(),
    action: orNull(action),
  })
  .openapi("LoginHealth");

const channelHealth = z
  .object({
    name: z.string(),
    type: z.string(),
    failing: z.boolean(),
    since: orNull(time),
    failures: z.int(),
    detail: orNull(z.string()),
    waiting: z.int(),
  })
  .openapi("ChannelHealth", { description: "One way of telling people" });

export const healthShape = {
  schema: z.literal("pilotlight.health/v1"),
  generatedAt: orNull(time),
  health,
  version: z.string(),
  ticking: z.boolean(),
  logins: z.array(loginHealth),
  notify: z.object({ channels: z.array(channelHealth) }),
};
export const healthReport = z
  .object(healthShape)
  .openapi("HealthReport") satisfies z.ZodType<HealthReport>;

const source = z
  .enum([
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_API_KEY",
    "apiKeyHelper",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "profile",
    "claude-file",
    "claude-keychain",
    "cloud:bedrock",
    "cloud:vertex",
    "cloud:foundry",
    "none",
  ])
  .openapi("Source");

const loginStatus = z
  .object({
    name: z.string(),
    source,
    path: orNull(z.string()),
    phase,
    usable: z.boolean(),
    refreshable: z.boolean(),
    driver,
    action: orNull(action),
    accessToken: z
      .object({
        kind: z.enum(["oauth", "setup-token", "api-key"]),
        fingerprint,
        expiresAt: orNull(time),
        expiresInSeconds: orNull(z.int()),
      })
      .nullable(),
    refreshToken: z.object({ present: z.boolean(), fingerprint: orNull(fingerprint) }).nullable(),
    loginEndsAt: orNull(time),
    loginEndsInDays: orNull(z.int()),
    scopes: orNull(z.array(z.string())),
    subscriptionType: orNull(z.string()),
    proof,
    inDoubt: z.boolean(),
  })
  .openapi("LoginStatus");

export const statusReport = z
  .object({
    schema: z.literal("pilotlight.status/v1"),
    generatedAt: time,
    effective: z.object({
      source,
      billing: z.enum(["subscription", "api", "cloud", "none"]),
      shadowed: z.array(source),
    }),
    logins: z.array(loginStatus),
  })
  .openapi("StatusReport") satisfies z.ZodType<StatusReport>;

const historyRow = z
  .object({
    at: orNull(time),
    login: z.string(),
    kind: z.string(),
    code: z.string(),
    exit: orNull(z.int()),
    durationMs: orNull(z.number()),
    fromFingerprint: orNull(z.string()),
    toFingerprint: orNull(z.string()),
    requestId: orNull(z.string()),
    detail: orNull(z.string()),
  })
  .openapi("HistoryRow");

export const historyReport = z
  .object({
    schema: z.literal("pilotlight.history/v1"),
    generatedAt: orNull(time),
    entries: z.array(historyRow),
  })
  .openapi("HistoryReport") satisfies z.ZodType<HistoryReport>;

export const helpReport = z
  .object({
    schema: z.literal("pilotlight.help/v1"),
    code: errorCode,
    what: z.string(),
    why: z.string(),
    tell: z.string(),
    fix: z.string(),
    command: orNull(z.string()),
    by: mover,
    exit: z.int(),
    http: z.int(),
    retryable: z.boolean(),
    verdicts: z.array(z.string()),
    seen: z.array(z.object({ symptom: z.string(), steps: z.array(z.string()) })),
  })
  .openapi("HelpReport") satisfies z.ZodType<HelpReport>;

export const refreshShape = {
  schema: z.literal("pilotlight.refresh/v1"),
  login: z.string(),
  outcome: z.enum(["refreshed", "unchanged", "adopted", "deferred", "in_doubt", "dead", "failed"]),
  reason: z.enum([...errorCode.options, "fresh", "logged_out"]).nullable(),
  driver: orNull(driver),
  fromFingerprint: orNull(z.string()),
  toFingerprint: orNull(z.string()),
  expiresAt: orNull(time),
  durationMs: z.int(),
};
export const refreshReport = z
  .object(refreshShape)
  .openapi("RefreshReport") satisfies z.ZodType<RefreshReport>;

export const renewShape = {
  schema: z.literal("pilotlight.renew/v1"),
  login: z.string(),
  state: z.enum(["none", "starting", "waiting", "proving", "signed_in", "failed"]),
  link: orNull(z.string()),
  complaint: orNull(z.string()),
  loginEndsAt: orNull(time),
};
export const renewReport = z
  .object(renewShape)
  .openapi("RenewReport") satisfies z.ZodType<RenewReport>;

/** `nullable()` of a named schema would make its name nullable everywhere. */
function orNull<S extends z.ZodType>(schema: S) {
  return z.union([schema, z.null()]);
}
