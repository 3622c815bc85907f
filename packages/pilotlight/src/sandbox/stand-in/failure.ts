import type { Source } from "../../core/login-status.ts";
import type { BuildBehaviour } from "./build-behaviour.ts";
import { type Answer, objectIn } from "./exchange.ts";

/** A request that failed for good, as the build words it. */
export interface Failure {
  /** The result text. */
  readonly text: string;
  readonly status: number | null;
  /** The API's error type. */
  readonly type: string | null;
  /** The build's own name for it. */
  readonly error: string;
  readonly requestId: string | null;
}

/** What an answer of the Messages API means to the builds. */
export type FailureKind =
  | "refused"
  | "organization"
  | "usage-limit"
  | "throttled"
  | "overloaded"
  | "unknown-model"
  | "other";

export function kindOf(answer: Answer): FailureKind {
  const { message } = errorIn(answer);
  switch (answer.status) {
    case 401:
      return "refused";
    case 403:
      return /has been revoked/.test(message) ? "refused" : "organization";
    case 404:
      return "unknown-model";
    case 429:
      return answer.headers["anthropic-ratelimit-unified-status"] === "rejected"
        ? "usage-limit"
        : "throttled";
    case 529:
      return "overloaded";
    default:
      return answer.status >= 500 ? "overloaded" : "other";
  }
}

interface Circumstances {
  readonly build: BuildBehaviour;
  readonly model: string;
  readonly source: Source;
}

/** Words a failure as the build does; the texts are verbatim (measured 2026-11). */
export function failureOf(answer: Answer, circumstances: Circumstances): Failure {
  const { type, requestId } = errorIn(answer);
  const [text, error] = wording(answer, circumstances);
  return { text, status: answer.status, type, error, requestId };
}

function wording(
  answer: Answer,
  { build, model, source }: Circumstances,
): readonly [text: string, error: string] {
  const { message } = errorIn(answer);
  const isNew = build.version === "2.1.329";
  switch (kindOf(answer)) {
    case "refused":
      if (source === "ANTHROPIC_API_KEY")
        return ["Invalid API key · Fix external API key", "authentication_failed"];
      return [isNew ? refusedNow(answer) : refusedThen(answer), "authentication_failed"];
    case "organization":
      return isNew
        ? [PAYMENT, "oauth_org_not_allowed"]
        : [noAccess("Your organization"), "authentication_failed"];
    case "usage-limit":
      return [usageLimit(answer, isNew ? "5-hour limit" : "session limit"), "rate_limit"];
    case "throttled":
      return [
        isNew
          ? `API Error: Server is temporarily limiting requests (not your usage limit) · ${message}`
          : `API Error: Request rejected (429) · ${message}`,
        "rate_limit",
      ];
    case "unknown-model":
      return [
        `There's an issue with the selected model (${model}). It may not exist or you may not have access to it. Run --model to pick a different model.`,
        isNew ? "model_not_found" : "invalid_request",
      ];
    default:
      return [`API Error: ${answer.status} ${isNew ? message : answer.text}`, "server_error"];
  }
}

const PAYMENT =
  "Claude Code can't use your Claude subscription, usually because a payment is past due · Pay or renew at https://claude.ai/settings/billing (if you just paid, try again shortly), or use an Anthropic API key instead";

function noAccess(whose: string): string {
  return `${whose} does not have access to Claude. Please login again or contact your administrator.`;
}

function refusedNow(answer: Answer): string {
  const { message } = errorIn(answer);
  return /has been revoked/.test(message)
    ? "Failed to authenticate: OAuth token revoked. Please log in again or contact your administrator."
    : `Failed to authenticate. API Error: ${answer.status} ${message}`;
}

function refusedThen(answer: Answer): string {
  return answer.status === 403
    ? noAccess("Your account")
    : `Failed to authenticate. API Error: ${answer.status} ${answer.text}`;
}

function usageLimit({ headers }: Answer, what: string): string {
  const resets = new Date(Number(headers["anthropic-ratelimit-unified-reset"]) * 1000);
  const [hours, minutes] = [resets.getHours(), resets.getMinutes()];
  const past = minutes === 0 ? "" : `:${String(minutes).padStart(2, "0")}`;
  const time = `${hours % 12 || 12}${past}${hours < 12 ? "am" : "pm"}`;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return `You've hit your ${what} · resets ${time} (${timeZone})`;
}

/** What the API says in the body of an error. */
export function errorIn(answer: Answer): {
  type: string | null;
  message: string;
  requestId: string | null;
} {
  const body = objectIn(answer.text);
  const error = (body?.["error"] ?? {}) as { type?: unknown; message?: unknown };
  const id = body?.["request_id"];
  return {
    type: typeof error.type === "string" ? error.type : null,
    message: typeof error.message === "string" ? error.message : "",
    requestId: typeof id === "string" ? id : null,
  };
}
