import { type Fields, isObject } from "../../core/json-object.ts";
import {
  type FailureReport,
  failureReport,
  type OutputEvidence,
  type OutputFormat,
  type RunTraces,
  TEXT_LIMIT,
} from "../../core/run-evidence.ts";
import { lineSplitter } from "./line-splitter.ts";
import {
  hear,
  nothingTold,
  numberAt,
  objectAt,
  parseFields,
  resetIn,
  textAt,
  tracesOf,
} from "./message-events.ts";

/** Reads a run's stdout as it comes, in bounded memory. */
export interface RunOutput {
  take(chunk: Uint8Array): void;
  /** True from the first message of the model's, or use of a tool, on; only `stream-json` shows it while it runs. */
  readonly isAnswering: boolean;
  /** How many times the API, and no gateway, has rejected the credential so far, as far as the stream says. */
  readonly rejections: number;
  /** Call it once, after the last piece. */
  evidence(): OutputEvidence;
}

/** Characters; a longer line or document is passed over, and nothing is concluded from its absence. */
const LINE_LIMIT = 4 * 1024 * 1024;

// oxlint-disable-next-line no-control-regex
const ANSI = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[@-Z\\-_])/g;

/** @param format what the command line asked for */
export function runOutput(format: OutputFormat): RunOutput {
  return format === "text" ? textOutput() : eventOutput(format);
}

function textOutput(): RunOutput {
  const decoder = new TextDecoder();
  // Colours around a short message must not make it a long one.
  const limit = 2 * TEXT_LIMIT;
  let text = "";
  let hasOutput = false;
  let isComplete = true;
  return {
    isAnswering: false,
    rejections: 0,
    take(chunk) {
      if (!isComplete && hasOutput) return;
      text += decoder.decode(chunk, { stream: true });
      hasOutput ||= text.replace(ANSI, "").trim() !== "";
      if (text.length <= limit) return;
      isComplete = false;
      text = text.slice(0, limit);
    },
    evidence() {
      const plain = isComplete ? text.replace(ANSI, "").trim() : null;
      return {
        ...NOTHING,
        format: "text",
        hasOutput,
        hasJson: false,
        text: plain !== null && plain.length <= TEXT_LIMIT ? plain : null,
        // Only the last message is printed: what was done before it does not show.
        shown: { toolUse: null, assistantMessage: null },
      };
    },
  };
}

const NOTHING = {
  result: null,
  failure: null,
  text: null,
  sessionId: null,
  loginEndsAt: null,
  apiKeySource: null,
  isGateway: null,
  isComplete: true,
} as const;

/** What the events of a stream, or of the list that `json` with `--verbose` prints, have told so far. */
interface Heard {
  readonly told: ReturnType<typeof nothingTold>;
  result: Fields | null;
  init: Fields | null;
  sessionId: string | null;
  resetsAt: number | null;
  rejections: number;
  /** The refusal that the next message reports was counted when it was tried again. */
  isCounted: boolean;
}

/** Listens to the messages of a run one by one, wherever they come from. */
export interface MessageListener extends Pick<RunOutput, "isAnswering" | "rejections"> {
  hear(message: Fields): void;
  /** Whether a `result` was among them. */
  readonly hasResult: boolean;
  evidence(format: "json" | "stream-json", seen: Seen): OutputEvidence;
}

/** What is known of the output besides its messages. */
type Seen = Pick<OutputEvidence, "hasOutput" | "hasJson" | "isComplete">;

export function messageListener(): MessageListener {
  const heard: Heard = {
    told: nothingTold(),
    result: null,
    init: null,
    sessionId: null,
    resetsAt: null,
    rejections: 0,
    isCounted: false,
  };
  return {
    get isAnswering() {
      return heard.told.assistantMessage || heard.told.toolUse;
    },
    get rejections() {
      return heard.init?.["served_by_anthropic"] === false ? 0 : heard.rejections;
    },
    get hasResult() {
      return heard.result !== null;
    },
    hear: (message) => hearEvent(heard, message),
    evidence: (format, seen) => evidenceOf(heard, format, seen),
  };
}

function eventOutput(format: "json" | "stream-json"): RunOutput {
  const lines = lineSplitter(LINE_LIMIT);
  const listener = messageListener();
  let hasOutput = false;
  let hasJson = false;
  // A document may be spread over lines by whatever prints it.
  let document: string[] = [];
  let size = 0;

  const read = (line: string): void => {
    const plain = line.replace(ANSI, "").trim();
    if (plain === "") return;
    hasOutput = true;
    hasJson ||= /^[[{]/.test(plain);
    if (format === "json" && (size += plain.length) <= LINE_LIMIT) document.push(plain);
    for (const event of eventsIn(plain)) listener.hear(event);
  };
  const readDocument = (): void => {
    if (listener.hasResult || document.length < 2) return;
    for (const event of eventsIn(document.join("\n"))) listener.hear(event);
  };

  return {
    get isAnswering() {
      return listener.isAnswering;
    },
    get rejections() {
      return listener.rejections;
    },
    take(chunk) {
      for (const line of lines.take(chunk)) read(line);
    },
    evidence() {
      const isWhole = !lines.hasSkipped && size <= LINE_LIMIT;
      read(lines.rest());
      readDocument();
      document = [];
      hasOutput ||= !isWhole;
      return listener.evidence(format, { hasOutput, hasJson, isComplete: isWhole });
    },
  };
}

function eventsIn(text: string): readonly Fields[] {
  if (!text.startsWith("[")) {
    const event = parseFields(text);
    return event === null ? [] : [event];
  }
  const list = parseFields(`{"list":${text}}`)?.["list"];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function hearEvent(heard: Heard, event: Fields): void {
  const type = event["type"];
  if (type === "result" && typeof event["is_error"] === "boolean") {
    heard.result = event;
    heard.sessionId = textAt(event, "session_id") ?? heard.sessionId;
  } else if (type === "rate_limit_event") {
    heard.resetsAt = resetIn(objectAt(event, "rate_limit_info"));
  } else if (type === "system") {
    if (event["subtype"] === "init") {
      heard.init = event;
      heard.sessionId = textAt(event, "session_id") ?? heard.sessionId;
    }
    const isRejection = event["error"] === "authentication_failed" || event["error_status"] === 401;
    if (event["subtype"] !== "api_retry" || !isRejection) return;
    heard.rejections += 1;
    heard.isCounted = true;
  } else {
    const { failure: before } = heard.told;
    hear(heard.told, event);
    const { failure } = heard.told;
    if (failure === null || failure === before) return;
    // 2.1.104 tells no status.
    const isRejection = failure.httpStatus === 401 || failure.category === "authentication_failed";
    if (isRejection && !heard.isCounted) heard.rejections += 1;
    heard.isCounted = false;
  }
}

function evidenceOf(heard: Heard, format: "json" | "stream-json", seen: Seen): OutputEvidence {
  const { result, init } = heard;
  const served = init?.["served_by_anthropic"];
  const ends = Date.parse(textAt(result ?? {}, "credential_expires_at") ?? "");
  return {
    ...NOTHING,
    ...seen,
    format,
    result: result && { isError: result["is_error"] === true, isEmpty: isEmpty(result, heard) },
    failure: failureIn(heard),
    sessionId: heard.sessionId,
    loginEndsAt: Number.isNaN(ends) ? null : ends,
    apiKeySource: textAt(init ?? {}, "apiKeySource"),
    isGateway: typeof served === "boolean" ? !served : null,
    shown: shownBy(heard, format),
  };
}

/** No text, no structured output, no turn and no cost: nothing was asked of the model (FM-55). */
function isEmpty(result: Fields, { told }: Heard): boolean {
  const hasText = (textAt(result, "result") ?? "").trim() !== "";
  const hasOutput = result["structured_output"] !== undefined;
  const hasWorked =
    (numberAt(result, "num_turns") ?? 0) > 1 || (numberAt(result, "total_cost_usd") ?? 0) > 0;
  return !hasText && !hasOutput && !hasWorked && !told.assistantMessage;
}

function failureIn({ result, told, resetsAt }: Heard): FailureReport | null {
  if (result === null) return told.failure;
  if (result["is_error"] !== true) return null;
  const errors = Array.isArray(result["errors"]) ? result["errors"] : [];
  const listed = errors.filter((error) => typeof error === "string").join("\n");
  const text = textAt(result, "result") ?? listed;
  return failureReport(text, {
    httpStatus: numberAt(result, "api_error_status") ?? told.failure?.httpStatus ?? null,
    errorType: textAt(result, "api_error_type") ?? told.failure?.errorType ?? null,
    category: told.failure?.category ?? null,
    reason: textAt(result, "api_error") ?? told.failure?.reason ?? null,
    terminalReason: textAt(result, "terminal_reason"),
    requestId: told.failure?.requestId ?? null,
    resetsAt: told.failure?.resetsAt ?? resetsAt,
  });
}

/** A lone result tells of tools only by its turns and cost. */
function shownBy({ told, result, init }: Heard, format: "json" | "stream-json"): RunTraces {
  if (format === "stream-json" || init !== null) return tracesOf(told);
  if (result === null) return { toolUse: null, assistantMessage: null };
  const isFirst = numberAt(result, "num_turns") === 1 && numberAt(result, "total_cost_usd") === 0;
  const isError = result["is_error"] === true;
  return { toolUse: isFirst ? false : null, assistantMessage: isFirst && isError ? false : null };
}
