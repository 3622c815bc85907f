import { Hono } from "hono";
import { z } from "zod";
import { type AccountName, ACCOUNTS } from "./accounts.ts";
import { type FaultName, FAULTS } from "./fault.ts";
import type { Controls } from "./backend.ts";

const names = Object.keys(FAULTS) as [FaultName, ...FaultName[]];
const accounts = Object.keys(ACCOUNTS) as [AccountName, ...AccountName[]];
const MAX_DELAY_MS = 600_000;

const signInBody = z.strictObject({
  accessTokenLife: z.number().nonnegative().optional(),
  loginLife: z.number().nonnegative().optional(),
  scopes: z.array(z.string().min(1)).min(1).optional(),
  account: z.enum(accounts).optional(),
});
const codeBody = z.strictObject({ authorizeUrl: z.url(), account: z.enum(accounts).optional() });
const revokeBody = z.strictObject({ accessToken: z.string().min(1).optional() });
const endLoginBody = z.strictObject({ refreshToken: z.string().min(1).optional() });
const nothing = z.strictObject({});
const faultBody = z.strictObject({
  name: z.enum(names),
  times: z.number().int().positive().optional(),
  delayMs: z.number().nonnegative().max(MAX_DELAY_MS).optional(),
  rotateAt: z.enum(["start", "end"]).optional(),
  retryAfter: z.number().int().nonnegative().optional(),
  shouldRetry: z.boolean().optional(),
});

/** The controls as JSON over HTTP, under `/_sandbox`; refusals are problem+json (RFC 9457). */
export function controlApi(sandbox: Controls, state: () => object): Hono {
  const api = new Hono();

  /** Adds a control whose body is checked against `schema`; an empty body is `{}`. */
  function control<T>(path: string, schema: z.ZodType<T>, act: (body: T) => unknown): void {
    api.post(`/_sandbox/${path}`, async (context) => {
      const body = parseJson(await context.req.text());
      if (body === undefined) return problem(400, "The body is not JSON");
      const parsed = schema.safeParse(body);
      if (!parsed.success)
        return problem(422, "The body is not what this control takes", parsed.error);
      return context.json(act(parsed.data) ?? {});
    });
  }

  // A page in a browser on this machine can reach a loopback port too, and always says where it is from.
  api.use(async (context, next) => {
    if (context.req.header("origin") !== undefined) return problem(403, "Browsers are not served");
    return next();
  });
  control("sign-in", signInBody, (body) => sandbox.signIn(body));
  control("issue-code", codeBody, ({ authorizeUrl, account }) => ({
    code: sandbox.issueCode(authorizeUrl, account),
  }));
  control("expire-codes", nothing, () => sandbox.expireCodes());
  control("revoke", revokeBody, ({ accessToken }) => sandbox.revokeAccess(accessToken));
  control("end-login", endLoginBody, ({ refreshToken }) => sandbox.endLogin(refreshToken));
  control("fault", faultBody, (fault) => sandbox.fault(fault));
  control("clear", nothing, () => sandbox.clearFaults());
  api.get("/_sandbox/requests", (context) => context.json(sandbox.requests()));
  api.get("/_sandbox/state", (context) => context.json(state()));
  api.notFound(() => problem(404, "There is no such control"));
  api.onError((error) => {
    if (error instanceof TypeError) return problem(422, error.message);
    throw error;
  });
  return api;
}

/** @returns `undefined` when the text is not JSON. */
function parseJson(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Says what is wrong and where, never quoting what was sent: it may hold a token. */
export function problem(status: number, title: string, error?: z.ZodError): Response {
  const errors = error?.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  return new Response(
    JSON.stringify({ type: "about:blank", title, status, ...(errors && { errors }) }),
    {
      status,
      headers: { "content-type": "application/problem+json" },
    },
  );
}
