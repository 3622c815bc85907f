import type Anthropic from "@anthropic-ai/sdk";
import { failureReport } from "../core/run-evidence.ts";
import { recognise } from "../core/recognise.ts";
import { isObject } from "../core/json-object.ts";
import { PilotlightError } from "../core/errors.ts";
import type { AskOnce, Question, Reply } from "./backend.ts";
import { errorOf } from "./claude-error.ts";
import { peer } from "./peer.ts";
import { usageFrom } from "./usage.ts";

/** The credential of direct calls. */
export type ApiAccess =
  | { readonly kind: "api-key"; readonly key: string }
  /** A profile of the SDK's own, or by `null` the federation of the environment; it renews either itself. */
  | { readonly kind: "profile"; readonly profile: string | null };

interface ApiOptions {
  readonly access: ApiAccess;
  readonly baseUrl: string | null;
  readonly maxTokens: number;
}

/** Asks the Messages API by the vendor's SDK. Repeating is ours, so that one budget holds for it. */
export function apiBackend({ access, baseUrl, maxTokens }: ApiOptions): AskOnce {
  let client: Promise<Anthropic> | null = null;
  const open = async () => {
    const { default: Sdk } = await peer("@anthropic-ai/sdk", () => import("@anthropic-ai/sdk"));
    const own =
      access.kind === "api-key"
        ? { apiKey: access.key }
        : access.profile === null
          ? {}
          : { profile: access.profile };
    return new Sdk({ ...own, baseURL: baseUrl, maxRetries: 0 });
  };
  return async (question) => {
    question.signal.throwIfAborted();
    client ??= open();
    const sdk = await client;
    let hasSpoken = false;
    const stream = sdk.messages.stream(requestOf(question, maxTokens), { signal: question.signal });
    stream.on("text", (text) => {
      hasSpoken = true;
      question.onEvent?.({ kind: "text", text });
    });
    try {
      const message = await stream.finalMessage();
      return replyOf(message, stream.request_id ?? null, access);
    } catch (error) {
      question.signal.throwIfAborted();
      throw failureOf(error, baseUrl, !hasSpoken);
    }
  };
}

function requestOf({ prompt, system, model, jsonSchema }: Question, maxTokens: number) {
  if (model === null) {
    const why = "the API has no model of its own choice: give the option model, or ask with one";
    throw new PilotlightError("usage", why);
  }
  return {
    model,
    max_tokens: maxTokens,
    messages: [{ role: "user" as const, content: prompt }],
    ...(system === undefined ? {} : { system }),
    ...(jsonSchema === null
      ? {}
      : { output_config: { format: { type: "json_schema" as const, schema: { ...jsonSchema } } } }),
  };
}

function replyOf(message: Anthropic.Message, requestId: string | null, access: ApiAccess): Reply {
  const text = message.content
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .join("");
  return {
    text,
    structured: parsed(text),
    usage: usageFrom(message.usage),
    costUsd: null,
    model: message.model,
    turns: 1,
    stopReason: message.stop_reason,
    sessionId: null,
    credential: access.kind,
    source: access.kind === "api-key" ? "ANTHROPIC_API_KEY" : "profile",
    requestId,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A verdict's error where the table knows one; whatever else the SDK throws is passed on unchanged. */
function failureOf(error: unknown, baseUrl: string | null, isRepeatable: boolean): unknown {
  if (!(error instanceof Error)) return error;
  const { status, headers, requestID, cause } = error as Partial<
    InstanceType<typeof Anthropic.APIError>
  >;
  const isNetwork = error.constructor.name.startsWith("APIConnection");
  if (typeof status !== "number" && !isNetwork) return error;
  const text = isNetwork
    ? `API Error: Unable to connect to API (${reasonOf(cause)})`
    : `API Error: ${error.message}`;
  const failure = failureReport(text, {
    httpStatus: status ?? null,
    errorType: typeOf(error),
    requestId: requestID ?? null,
    resetsAt: limitEndIn(headers),
  });
  const isGateway = baseUrl !== null && !/^https:\/\/([\w-]+\.)*anthropic\.com(\/|$)/.test(baseUrl);
  const evidence = {
    exit: 1,
    failure,
    stderr: "",
    isSilent: false,
    apiKeySource: "ANTHROPIC_API_KEY",
  };
  const verdict = recognise({ ...evidence, isGateway, isStoreDead: false }, Date.now());
  const isKnown =
    verdict.kind === "failed" &&
    verdict.code !== "unknown_failure" &&
    verdict.code !== "job_failed";
  if (!isKnown) return error;
  // A 429 with patience asked for is a throttle, which is waited for; only a used-up limit has a reset.
  const resetsAt = verdict.resetsAt ?? patienceIn(headers);
  return errorOf({ ...verdict, resetsAt }, { backend: "api", isRepeatable }, { cause: error });
}

function reasonOf(cause: unknown): string {
  const codes = [cause, (cause as Error | undefined)?.cause].map(
    (one) => (one as NodeJS.ErrnoException | undefined)?.code,
  );
  return codes.find((code) => code !== undefined) ?? "no answer";
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
