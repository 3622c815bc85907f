import { isObject } from "../core/json-object.ts";
import { Hono } from "hono";
import { z } from "zod";
import { tokenKindOf } from "../core/credential.ts";
import { type AccountName, ACCOUNTS, USUAL_ACCOUNT } from "./accounts.ts";
import type { Fault, FaultQueue, MessagesFaultName } from "./fault.ts";
import { printMessage, printMessageStream, type Reply } from "./reply.ts";
import { bearerOf, type Note } from "./request-log.ts";
import { anthropicError } from "./token-answer.ts";
import type { AccessState, TokenLedger } from "./token-ledger.ts";

export interface MessagesApiOptions {
  readonly ledger: TokenLedger;
  readonly faults: FaultQueue;
  /** Epoch ms. */
  readonly now: () => number;
  /** ms. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly reply?: Reply | undefined;
  /**
   * The `x-should-retry` header on the refusal of a credential; `false` unless given, `null` for none.
   * Claude Code 2.1.104 sends a dead token for minutes without it (measured 2026-11); the real server's is not known.
   */
  readonly shouldRetry?: boolean | null | undefined;
}

const messagesRequest = z.looseObject({
  model: z.string().min(1),
  messages: z.array(z.unknown()).min(1),
  tools: z.array(z.unknown()).default([]),
  system: z.unknown().optional(),
  stream: z.boolean().default(false),
  output_config: z.object({ format: z.object({ schema: z.unknown() }).nullish() }).nullish(),
});

interface Env {
  Bindings: { note: Note };
}

export interface MessagesApi {
  fetch(request: Request, note: Note): Promise<Response>;
}

/** The part of the Anthropic API that Claude Code calls, on the ledger's word about every token. Nothing is inferred. */
export function messagesApi(options: MessagesApiOptions): MessagesApi {
  const { reply = () => "Hello from the sandbox." } = options;
  const api = new Hono<Env>();

  for (const path of ["/v1/messages/*", "/api/oauth/*"])
    api.use(path, async (context, next) => {
      const refused = refuseCredential(context.req.raw, options);
      if (refused !== null) return refused;
      return next();
    });
  api.post("/v1/messages", async (context) => {
    const fault = options.faults.take("messages");
    if (fault !== null) {
      context.env.note({ fault: fault.name });
      await options.sleep(fault.delayMs ?? 0);
      return answerFaultily(fault, options.now());
    }
    const parsed = messagesRequest.safeParse(await context.req.json().catch(() => null));
    if (!parsed.success) return malformed(parsed.error);
    const { model, messages, tools, system, stream, output_config: output } = parsed.data;
    const open = openObjectIn(output?.format?.schema);
    if (open) return anthropicError(400, "invalid_request_error", OPEN_OBJECT);
    if (!isKnownModel(model)) return anthropicError(404, "not_found_error", `model: ${model}`);
    const said = reply({ model, messages, tools, system });
    return stream ? printMessageStream(model, said) : printMessage(model, said);
  });
  api.post("/v1/messages/count_tokens", async (context) =>
    context.json({ input_tokens: Math.ceil((await context.req.text()).length / 4) }),
  );

  const accountOf = (request: Request): AccountName =>
    options.ledger.accountOf(bearerOf(request) ?? "") ?? USUAL_ACCOUNT;
  api.get("/api/oauth/profile", (context) => context.json(profileOf(accountOf(context.req.raw))));
  api.get("/api/oauth/claude_cli/roles", (context) =>
    context.json(rolesOf(accountOf(context.req.raw))),
  );

  api.notFound(() => anthropicError(404, "not_found_error", "Not found"));
  // Whoever serves this decides what a dropped connection is; here it only passes through.
  api.onError((error) => {
    throw error;
  });
  return { fetch: async (request, note) => api.fetch(request, { note }) };
}

/** As the server is reported to say it. */
const OPEN_OBJECT =
  "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false";

/** The server takes no schema of an object that may have more properties. */
function openObjectIn(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(openObjectIn);
  if (!isObject(schema)) return false;
  if (schema["type"] === "object" && schema["additionalProperties"] !== false) return true;
  return Object.values(schema).some(openObjectIn);
}

/** Judges the credential of a request as the server does. The bearer is looked at first when there are two. */
function refuseCredential(request: Request, options: MessagesApiOptions): Response | null {
  const { shouldRetry = false } = options;
  const refusal = judge(bearerOf(request), request.headers.get("x-api-key"), options.ledger);
  if (refusal === null) return null;
  const headers = shouldRetry === null ? {} : { "x-should-retry": String(shouldRetry) };
  return anthropicError(401, "authentication_error", refusal, headers);
}

/** @returns the text of the 401, or `null` for a good credential. */
function judge(bearer: string | null, apiKey: string | null, ledger: TokenLedger): string | null {
  if (bearer !== null && tokenKindOf(bearer) !== "api-key")
    return BEARER_REFUSALS[ledger.accessState(bearer)];
  const key = bearer ?? apiKey;
  if (key === null) return "x-api-key header is required";
  // There is no list of keys: whatever cannot be a real key is a good one.
  return /^sk-ant-api\d\d-TEST/.test(key) ? null : "invalid x-api-key";
}

/** The type and text of the faults that are nothing but an error; the texts are the server's as users report them. */
const REFUSALS = {
  "messages-401-expired": [
    "authentication_error",
    "OAuth token has expired. Please obtain a new token or refresh your existing token.",
  ],
  "messages-401-invalid": ["authentication_error", "Invalid authentication credentials"],
  "messages-401-revoked": ["authentication_error", "OAuth access token has been revoked."],
  "messages-401-api-key": ["authentication_error", "invalid x-api-key"],
  "messages-403-revoked": [
    "permission_error",
    "OAuth token has been revoked. Please obtain a new token.",
  ],
  "messages-403-organization": [
    "permission_error",
    "OAuth authentication is currently not allowed for this organization.",
  ],
  "messages-429-usage-limit": [
    "rate_limit_error",
    "This request would exceed your account's rate limit. Please try again later.",
  ],
  "messages-429-throttled": ["rate_limit_error", "Rate limited. Please try again later."],
  "messages-529": ["overloaded_error", "Overloaded"],
} as const satisfies Record<MessagesFaultName, readonly [type: string, message: string]>;

const BEARER_REFUSALS = {
  live: null,
  expired: REFUSALS["messages-401-expired"][1],
  revoked: REFUSALS["messages-401-revoked"][1],
  unknown: "Invalid bearer token",
} as const satisfies Record<AccessState, string | null>;

const HOUR = 3600;

function answerFaultily(fault: Fault<MessagesFaultName>, now: number): Response {
  const { name, retryAfter, shouldRetry } = fault;
  const headers: Record<string, string> = {};
  if (shouldRetry !== undefined) headers["x-should-retry"] = String(shouldRetry);
  if (name === "messages-429-usage-limit") {
    headers["anthropic-ratelimit-unified-status"] = "rejected";
    headers["anthropic-ratelimit-unified-representative-claim"] = "five_hour";
    const resetsAt = Math.floor(now / 1000) + (retryAfter ?? HOUR);
    headers["anthropic-ratelimit-unified-reset"] = String(resetsAt);
  } else if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  const status = Number(name.split("-")[1]);
  const [type, message] = REFUSALS[name];
  return anthropicError(status, type, message, headers);
}

function malformed(error: z.ZodError): Response {
  const [first] = error.issues;
  const where = first?.path.join(".") || "body";
  return anthropicError(400, "invalid_request_error", `${where}: ${first?.message ?? "malformed"}`);
}

/** Names of real models start so; which of them exist is not the sandbox's business. */
function isKnownModel(model: string): boolean {
  return model.startsWith("claude-");
}

function profileOf(name: AccountName) {
  const { uuid, email, fullName, organizationUuid, organizationName } = ACCOUNTS[name];
  return {
    account: {
      uuid,
      email,
      full_name: fullName,
      display_name: "Sandbox",
      has_claude_max: true,
      has_claude_pro: false,
      created_at: "2026-01-01T00:00:00Z",
    },
    organization: {
      uuid: organizationUuid,
      name: organizationName,
      organization_type: "claude_max",
      rate_limit_tier: "default_claude_max_5x",
      billing_type: "none",
      has_extra_usage_enabled: false,
    },
  };
}

function rolesOf(name: AccountName) {
  return {
    organization_role: "admin",
    workspace_role: null,
    organization_name: ACCOUNTS[name].organizationName,
    workspace_name: null,
  };
}
