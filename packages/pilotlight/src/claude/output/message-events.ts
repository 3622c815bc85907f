import { type Fields, isObject } from "../../core/json-object.ts";
import { type FailureReport, failureReport, type RunTraces } from "../../core/run-evidence.ts";

/** What the messages of a run, in its stream or in its session file, have told so far. */
export interface Told {
  toolUse: boolean;
  assistantMessage: boolean;
  /** True when the last message of the main conversation was the model's. */
  hasAnswer: boolean;
  /** True when that message held words. */
  hasLastWord: boolean;
  /** That message, where it was an API error. */
  failure: FailureReport | null;
  /** A message could not be understood, so nothing can be ruled out. */
  isUnclear: boolean;
}

export function nothingTold(): Told {
  return {
    toolUse: false,
    assistantMessage: false,
    hasAnswer: false,
    hasLastWord: false,
    failure: null,
    isUnclear: false,
  };
}

export function tracesOf(told: Told): RunTraces {
  if (!told.isUnclear) return { toolUse: told.toolUse, assistantMessage: told.assistantMessage };
  return { toolUse: told.toolUse || null, assistantMessage: told.assistantMessage || null };
}

/** Takes in an event or a line. The stream writes its keys with underscores, the session file in camel case. */
export function hear(told: Told, event: Fields): void {
  switch (event["type"]) {
    case "assistant":
      return hearAssistant(told, event);
    case "user":
      if (blocksOf(event)?.some(({ type }) => type === "tool_result") === true) told.toolUse = true;
      return;
    // With --include-partial-messages: pieces of what the model says, ahead of the whole.
    case "stream_event":
      told.assistantMessage = true;
      return;
    // 2.1.329 writes it into the session file ahead of the message that uses them (measured 2026-11).
    case "tools-used":
      told.toolUse = true;
      return;
  }
}

function hearAssistant(told: Told, event: Fields): void {
  const blocks = blocksOf(event);
  const message = objectAt(event, "message");
  const isError = (event["isApiErrorMessage"] ?? event["is_api_error_message"]) === true;
  const isSynthetic = message?.["model"] === "<synthetic>";
  const isSubagent = event["isSidechain"] === true || textAt(event, "parent_tool_use_id") !== null;
  if (blocks === null || message === null) {
    told.isUnclear = true;
    return;
  }
  if (!isError && !isSynthetic) {
    if (blocks.some(({ type }) => typeof type !== "string" || type.endsWith("tool_use")))
      told.toolUse = true;
    told.assistantMessage = true;
  }
  if (isSubagent) return;
  // 2.1.104 and 2.1.216 mark an API error in their streams by its `error` alone (measured 2026-11).
  const isFailure = isError || (isSynthetic && textAt(event, "error") !== null);
  told.hasAnswer = !isFailure && !isSynthetic;
  told.hasLastWord = told.hasAnswer && blocks.some((block) => textAt(block, "text") !== null);
  told.failure = isFailure ? reportOf(event, blocks) : null;
}

function reportOf(event: Fields, blocks: readonly Fields[]): FailureReport {
  const texts = blocks.map((block) => textAt(block, "text") ?? "");
  const limit = objectAt(objectAt(event, "apiErrorParams") ?? {}, "rate_limit_info");
  const streamed = objectAt(objectAt(event, "api_error_params") ?? {}, "rate_limit_info");
  return failureReport(texts.join("\n"), {
    httpStatus: numberAt(event, "apiErrorStatus") ?? numberAt(event, "api_error_status"),
    errorType: textAt(event, "apiErrorType") ?? textAt(event, "api_error_type"),
    category: textAt(event, "error"),
    reason: textAt(event, "apiError") ?? textAt(event, "api_error"),
    requestId: textAt(event, "requestId") ?? textAt(event, "request_id"),
    resetsAt: resetIn(limit ?? streamed ?? objectAt(event, "quotaLimits")),
  });
}

/** Epoch ms at which a limit that was hit ends. */
export function resetIn(limit: Fields | null): number | null {
  const seconds = limit?.["status"] === "rejected" ? numberAt(limit, "resetsAt") : null;
  return seconds === null ? null : seconds * 1000;
}

/** @returns `null` for content that is neither text nor a list of objects. */
export function blocksOf(event: Fields): readonly Fields[] | null {
  const content = objectAt(event, "message")?.["content"];
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) && content.every(isObject) ? content : null;
}

/** @returns the object a line of JSON holds, `null` for anything else. */
export function parseFields(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function objectAt(fields: Fields, key: string): Fields | null {
  const value = fields[key];
  return isObject(value) ? value : null;
}

export function textAt(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === "string" && value !== "" ? value : null;
}

export function numberAt(fields: Fields, key: string): number | null {
  const value = fields[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
