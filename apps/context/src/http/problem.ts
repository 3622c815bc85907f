import type { Context as Call } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { Trouble, type TroubleFacts } from "../core/trouble.ts";
import { withoutTokens } from "../core/without-tokens.ts";
import { storageTrouble } from "../service/storage-trouble.ts";
import { problemBodyOf } from "./bodies.ts";

/** Answers with a problem in place of what was asked for. */
export function printProblem(facts: TroubleFacts, now: number): Response {
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...(facts.retryAfter !== undefined && { "retry-after": String(facts.retryAfter) }),
    ...(facts.status === 401 && { "www-authenticate": "Bearer" }),
  };
  return new Response(JSON.stringify(problemBodyOf(facts, now)), { status: facts.status, headers });
}

/** What went wrong in a request, as facts; `null` where nobody is there any more to be told. */
export function troubleIn(error: unknown, call: Call): TroubleFacts | null {
  const known = storageTrouble(error);
  if (known instanceof Trouble) return known.facts;
  if (call.req.raw.signal.aborted) return null;
  if (error instanceof HTTPException && error.status === 400) {
    return invalid("the body is no JSON", 400);
  }
  if (error instanceof HTTPException && error.status === 415) {
    return invalid("the body needs the content type application/json", 415);
  }
  return BUG;
}

/** @param status 400 and 415 for what cannot be read at all, 422 for what does not fit */
function invalid(detail: string, status: 400 | 415 | 422): TroubleFacts {
  const title = "the request is not what this takes";
  return { code: "request_invalid", status, title, detail, retryable: false };
}

/** The first things that do not fit, by their place. */
export function invalidBy({ issues }: z.core.$ZodError): TroubleFacts {
  const said = issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join(".") || "body"}: ${message}`);
  return invalid(withoutTokens(said.join("; ")), 422);
}

const BUG: TroubleFacts = {
  code: "bug",
  status: 500,
  title: "the service met a state it does not know",
  detail: "its log has more",
  retryable: false,
};
