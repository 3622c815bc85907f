import { messageListener } from "../claude/output/run-output.ts";
import { type Fields, isObject } from "../core/json-object.ts";
import { recognise, type RunVerdict } from "../core/recognise.ts";
import { isSafeToRepeat, NO_SESSION, runEvidence } from "../core/run-evidence.ts";
import type { AskEvent, AskResult } from "./ask.ts";
import { usageFrom } from "./usage.ts";

/** What Claude Code's last `result` says. */
interface Answer extends Pick<
  AskResult,
  "text" | "usage" | "costUsd" | "model" | "turns" | "stopReason" | "sessionId" | "requestId"
> {
  /** `undefined` where there is none. */
  readonly structured: unknown;
}

/** Listens to the messages of one run, of Claude Code's stream or of the Agent SDK, and keeps of them what an answer needs. */
export interface ClaudeMessages {
  take(message: Fields): void;
  /** Of the run that is over. @param exit its exit status; `null` where a signal ended it */
  verdict(exit: number | null, stderr: string): RunVerdict;
  /** `null` where no result came, or it is an error: `is_error` and `api_error_status` say so, never `subtype`. */
  answer(): Answer | null;
  /** Nothing was done yet that must not be done twice. */
  isRepeatable(): boolean;
}

/** Each message was one of JSON, and whole. */
const READ = { hasOutput: true, hasJson: true, isComplete: true } as const;

export function claudeMessages(onEvent: (event: AskEvent) => void): ClaudeMessages {
  const listener = messageListener();
  let result: Fields | null = null;
  let model: string | null = null;
  let requestId: string | null = null;
  let hasTold = false;
  return {
    take(message) {
      listener.hear(isFailed(message) ? { ...message, is_error: true } : message);
      hasTold = true;
      if (message["type"] === "result") result = message;
      const own = ownMessage(message);
      if (own === null) return;
      model = textOf(own["model"]) ?? model;
      requestId = textOf(message["request_id"]) ?? requestId;
      for (const event of eventsOf(own)) onEvent(event);
    },
    verdict(exit, stderr) {
      const output = hasTold ? listener.evidence("stream-json", READ) : null;
      const parts = { isClaude: true, exit, output, session: NO_SESSION, stderr };
      return recognise(runEvidence(parts), Date.now());
    },
    answer: () => (result === null || isFailed(result) ? null : answerOf(result, model, requestId)),
    isRepeatable: () =>
      !hasTold || isSafeToRepeat(listener.evidence("stream-json", READ), NO_SESSION),
  };
}

function isFailed({ type, is_error: isError, api_error_status: status }: Fields): boolean {
  return type === "result" && (isError === true || typeof status === "number");
}

function answerOf(result: Fields, model: string | null, requestId: string | null): Answer {
  const cost = result["total_cost_usd"];
  return {
    text: textOf(result["result"]) ?? "",
    structured: result["structured_output"],
    usage: usageFrom(result["usage"], result["modelUsage"]),
    costUsd: typeof cost === "number" ? cost : null,
    model,
    turns: typeof result["num_turns"] === "number" ? result["num_turns"] : 1,
    stopReason: textOf(result["stop_reason"]),
    sessionId: textOf(result["session_id"]),
    requestId,
  };
}

/** The model's own message of the main conversation. */
function ownMessage(event: Fields): Fields | null {
  const { message } = event;
  const isMain = event["type"] === "assistant" && event["parent_tool_use_id"] == null;
  return isMain && isObject(message) && message["model"] !== "<synthetic>" ? message : null;
}

function eventsOf(message: Fields): readonly AskEvent[] {
  const content = Array.isArray(message["content"]) ? message["content"].filter(isObject) : [];
  return content.flatMap((block): readonly AskEvent[] => {
    const [text, name] = [textOf(block["text"]), textOf(block["name"])];
    if (block["type"] === "text" && text !== null) return [{ kind: "text", text }];
    if (block["type"] === "tool_use" && name !== null)
      return [{ kind: "tool_use", name, input: block["input"] }];
    return [];
  });
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
