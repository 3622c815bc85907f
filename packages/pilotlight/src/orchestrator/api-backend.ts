import type Anthropic from "@anthropic-ai/sdk";
import type { Fields } from "../core/json-object.ts";
import { PilotlightError } from "../core/errors.ts";
import type { AskOnce, Question, Reply } from "./backend.ts";
import { apiFailure, type SdkErrors } from "./api-failure.ts";
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

interface Opened {
  readonly client: Anthropic;
  readonly errors: SdkErrors;
  /** Makes a schema one that the API takes: every object closed, and no bounds that it does not know. */
  readonly closed: (schema: Fields) => Record<string, unknown>;
}

/** Asks the Messages API by the vendor's SDK. Repeating is ours, so that one budget holds for it. */
export function apiBackend({ access, baseUrl, maxTokens }: ApiOptions): AskOnce {
  let opened: Promise<Opened> | null = null;
  const open = async (): Promise<Opened> => {
    const sdk = await peer("@anthropic-ai/sdk", () => import("@anthropic-ai/sdk"));
    const { transformJSONSchema: closed } =
      await import("@anthropic-ai/sdk/lib/transform-json-schema");
    const own =
      access.kind === "api-key"
        ? { apiKey: access.key }
        : access.profile === null
          ? {}
          : { profile: access.profile };
    const client = new sdk.default({ ...own, baseURL: baseUrl, maxRetries: 0 });
    return { client, errors: sdk, closed };
  };
  return async (question) => {
    question.signal.throwIfAborted();
    // What is not there now may be there at the next question.
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    const { client, errors, closed } = await opened;
    let hasSpoken = false;
    const stream = client.messages.stream(requestOf(question, maxTokens, closed), {
      signal: question.signal,
    });
    stream.on("text", (text) => {
      hasSpoken = true;
      question.onEvent({ kind: "text", text });
    });
    try {
      const message = await stream.finalMessage();
      return replyOf(message, stream.request_id ?? null, access);
    } catch (error) {
      question.signal.throwIfAborted();
      throw apiFailure(error, errors, { baseUrl, isRepeatable: !hasSpoken });
    }
  };
}

function requestOf(
  { prompt, system, model, jsonSchema }: Question,
  maxTokens: number,
  closed: Opened["closed"],
) {
  if (model === null) {
    const why = "the API has no model of its own choice: give the option model, or ask with one";
    throw new PilotlightError("config_invalid", why);
  }
  if (jsonSchema !== null && jsonSchema["type"] !== "object") {
    throw new PilotlightError("usage", "the API takes the schema of an object alone");
  }
  return {
    model,
    max_tokens: maxTokens,
    messages: [{ role: "user" as const, content: prompt }],
    ...(system === undefined ? {} : { system }),
    ...(jsonSchema === null
      ? {}
      : {
          output_config: { format: { type: "json_schema" as const, schema: closed(jsonSchema) } },
        }),
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
