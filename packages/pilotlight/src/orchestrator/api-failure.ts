import type Anthropic from "@anthropic-ai/sdk";
import { isObject } from "../core/json-object.ts";
import { recognise } from "../core/recognise.ts";
import { failureReport } from "../core/run-evidence.ts";
import { scrub } from "../core/scrub.ts";
import { errorOf } from "./claude-error.ts";

/** The classes of the SDK's errors: a bundler gives them other names. */
export type SdkErrors = Pick<
  typeof Anthropic,
  "AnthropicError" | "APIConnectionError" | "APIError"
>;

/** What an error event in a stream, which has no status, would have had. */
const STATUS_OF: Readonly<Record<string, number>> = {
  api_error: 500,
  authentication_error: 401,
  overloaded_error: 529,
  permission_error: 403,
  rate_limit_error: 429,
  timeout_error: 504,
};

/** The SDK's words for a stream that broke off. */
const BROKEN = /terminated|stream ended|request ended|socket|premature|ECONN|other side closed/i;

/** A verdict's error where the table knows one; whatever else the SDK throws is passed on, without anything token-shaped. */
export function apiFailure(
  error: unknown,
  { APIError, APIConnectionError, AnthropicError }: SdkErrors,
  about: { readonly baseUrl: string | null; readonly isRepeatable: boolean },
): unknown {
  if (!(error instanceof AnthropicError)) return error;
  const isApi = error instanceof APIError;
  const isNetwork = error instanceof APIConnectionError || (!isApi && BROKEN.test(error.message));
  if (!isApi && !isNetwork) return scrubbed(error);
  const { status, headers, requestID } = (isApi ? error : {}) as Partial<
    InstanceType<typeof APIError>
  >;
  const errorType = typeOf(error);
  const text = isNetwork
    ? `API Error: Unable to connect to API (${reasonOf(error)})`
    : `API Error: ${error.message}`;
  const failure = failureReport(text, {
    httpStatus: status ?? STATUS_OF[errorType ?? ""] ?? null,
    errorType,
    requestId: requestID ?? null,
    resetsAt: limitEndIn(headers),
  });
  const { baseUrl, isRepeatable } = about;
  const isGateway = baseUrl !== null && !/^https:\/\/([\w-]+\.)*anthropic\.com(\/|$)/.test(baseUrl);
  const evidence = { exit: 1, failure, stderr: "", isSilent: false };
  const from = { apiKeySource: "ANTHROPIC_API_KEY", isGateway, isStoreDead: false };
  const verdict = recognise({ ...evidence, ...from }, Date.now());
  if (verdict.kind === "ok" || /^(unknown_failure|job_failed)$/.test(verdict.code))
    return scrubbed(error);
  // A 429 with patience asked for is a throttle, which is waited for; only a used-up limit has a reset.
  const resetsAt = verdict.resetsAt ?? patienceIn(headers);
  return errorOf({ ...verdict, resetsAt }, { backend: "api", isRepeatable });
}

/** A server may quote the key that it refuses. */
function scrubbed(error: Error): Error {
  const said = scrub(error.message);
  if (said === error.message) return error;
  const clean = new Error(said);
  clean.name = error.name;
  return clean;
}

function reasonOf(error: Error): string {
  const { cause } = error;
  const codes = [cause, (cause as Error | undefined)?.cause].map(
    (one) => (one as NodeJS.ErrnoException | undefined)?.code,
  );
  return (
    codes.find((code) => code !== undefined) ??
    (BROKEN.test(error.message) ? error.message : "no answer")
  );
}

/** The API's own name for it: `error.error` is the body, whose `error` has a `type`. */
function typeOf(error: Error): string | null {
  const body = (error as { readonly error?: unknown }).error;
  const inner = isObject(body) ? body["error"] : null;
  const type = isObject(inner) ? inner["type"] : null;
  return typeof type === "string" ? type : null;
}

/** Epoch ms at which a used-up limit ends; the header has seconds. */
function limitEndIn(headers: Headers | undefined): number | null {
  if (headers?.get("anthropic-ratelimit-unified-status") !== "rejected") return null;
  const seconds = Number(headers.get("anthropic-ratelimit-unified-reset") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

/** Epoch ms, by `retry-after` in seconds or as a date. */
function patienceIn(headers: Headers | undefined): number | null {
  const value = headers?.get("retry-after") ?? null;
  if (value === null) return null;
  const seconds = Number(value);
  const at = Number.isFinite(seconds) ? Date.now() + seconds * 1000 : Date.parse(value);
  return Number.isNaN(at) ? null : at;
}
