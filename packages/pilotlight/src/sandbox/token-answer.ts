import { DroppedConnection } from "./dropped-connection.ts";
import type { Fault, TokenFaultName } from "./fault.ts";

/** The token endpoint's answer before it is written to the wire. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Carries out the grant; the moment it is called is the moment the server rotates. */
type Commit = (terms?: { readonly rotates: boolean }) => TokenAnswer;
type Sleep = (ms: number) => Promise<void>;

/** No client measured waits longer than 30 s, and no request of a forgotten test stays for ever. */
const HANG_MS = 120_000;
const SLOW_MS = 1000;

/** Answers a grant, faultily when there is a fault. @throws DroppedConnection where the fault is to give no answer. */
export async function answerToken(
  commit: Commit,
  fault: Fault<TokenFaultName> | null,
  sleep: Sleep,
): Promise<Response> {
  if (fault === null) return printAnswer(commit());
  const { name, delayMs } = fault;
  switch (name) {
    case "token-hang":
      await sleep(delayMs ?? HANG_MS);
      throw new DroppedConnection();
    case "token-reset":
      await sleep(delayMs ?? 0);
      throw new DroppedConnection();
    case "token-rotate-then-drop":
    case "token-rotate-then-hang":
      commit();
      await sleep(delayMs ?? (name === "token-rotate-then-hang" ? HANG_MS : 0));
      throw new DroppedConnection();
    case "token-slow":
      return answerSlowly(commit, fault, sleep);
    case "token-rotate-then-broken-json":
    case "token-without-scope":
    case "token-without-refresh-token": {
      const answer = commit(
        name === "token-without-refresh-token" ? { rotates: false } : undefined,
      );
      await sleep(delayMs ?? 0);
      return answer.status === 200 ? mutilate(answer, name) : printAnswer(answer);
    }
    default:
      await sleep(delayMs ?? 0);
      return refusal(name, fault.retryAfter);
  }
}

async function answerSlowly(commit: Commit, fault: Fault, sleep: Sleep): Promise<Response> {
  const delayMs = fault.delayMs ?? SLOW_MS;
  if (fault.rotateAt === "start") {
    const answer = commit();
    await sleep(delayMs);
    return printAnswer(answer);
  }
  await sleep(delayMs);
  return printAnswer(commit());
}

function mutilate(
  answer: TokenAnswer,
  how: "token-rotate-then-broken-json" | "token-without-scope" | "token-without-refresh-token",
): Response {
  if (how === "token-rotate-then-broken-json") {
    const text = JSON.stringify(answer.body);
    return new Response(text.slice(0, text.length / 2), {
      headers: { "content-type": "application/json" },
    });
  }
  const left = how === "token-without-scope" ? "scope" : "refresh_token";
  const body = Object.fromEntries(Object.entries(answer.body).filter(([key]) => key !== left));
  return printAnswer({ status: 200, body });
}

/** The faults that are nothing but an answer. */
type RefusalName = Exclude<
  TokenFaultName,
  | "token-hang"
  | "token-reset"
  | "token-rotate-then-drop"
  | "token-rotate-then-hang"
  | "token-rotate-then-broken-json"
  | "token-without-scope"
  | "token-without-refresh-token"
  | "token-slow"
>;

function refusal(name: RefusalName, retryAfter: number | undefined): Response {
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  switch (name) {
    case "token-invalid-grant-400":
    case "token-invalid-grant-401":
      return printAnswer({ status: name.endsWith("401") ? 401 : 400, body: INVALID_GRANT });
    case "token-error-400":
      return anthropicError(400, "invalid_request_error", "Invalid request format");
    case "token-error-401":
      return anthropicError(401, "authentication_error", "Invalid authentication credentials");
    case "token-429":
      return anthropicError(
        429,
        "rate_limit_error",
        "Rate limited. Please try again later.",
        headers,
      );
    case "token-500":
      return anthropicError(500, "api_error", "Internal server error");
    case "token-502":
      return new Response("Bad gateway", {
        status: 502,
        headers: { "content-type": "text/plain" },
      });
    case "token-503-html":
      return page(503, "503 Service Temporarily Unavailable");
    case "token-403-html":
      return page(403, "Attention Required! | Cloudflare");
    case "token-403-json":
      return Response.json(
        { error: { type: "forbidden", message: "Request not allowed" } },
        { status: 403 },
      );
  }
}

const INVALID_GRANT = {
  error: "invalid_grant",
  error_description: "Refresh token not found or invalid",
};

/** Writes an answer to the wire (RFC 6749 §5.1: never cached). */
export function printAnswer({ status, body }: TokenAnswer): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}

/** An error in the shape the Anthropic API gives its errors. */
export function anthropicError(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const requestId = `req_sandbox_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
  return Response.json(
    { type: "error", error: { type, message }, request_id: requestId },
    { status, headers: { "request-id": requestId, ...headers } },
  );
}

function page(status: number, title: string): Response {
  const html = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return new Response(html, {
    status,
    headers: { "content-type": "text/html; charset=UTF-8", server: "cloudflare" },
  });
}
