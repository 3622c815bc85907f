/** How one command ended. */
export interface Run {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly format: "text" | "json" | "stream";
}

type Fields = Readonly<Record<string, unknown>>;

/** Events of a stream that say nothing about the credential. */
const OTHER_EVENTS = ["rate_limit_event"];
/** Lines on stderr that say nothing about it either. */
const OTHER_LINES = /unrecognized_model|recognize the model|no stdin data/;

/** What a command printed, without ids, times, paths and the keys that the stand-in leaves out. */
export function printedFacts({ code, stdout, stderr, format }: Run, home: string): unknown {
  const lines = stderr.split("\n").filter((line) => line !== "" && !OTHER_LINES.test(line));
  return { code, printed: printedIn(normal(stdout, home), format), stderr: lines };
}

function printedIn(stdout: string, format: Run["format"]): unknown {
  if (stdout === "" || format === "text") return stdout;
  try {
    if (format === "json") return resultFacts(JSON.parse(stdout));
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Fields);
    return events.filter(({ type }) => !OTHER_EVENTS.includes(String(type))).map(eventFacts);
  } catch {
    return stdout;
  }
}

function normal(text: string, home: string): string {
  return text
    .replaceAll(home, "~")
    .replaceAll(/req_sandbox_[0-9a-f]+/g, "req_…")
    .replaceAll(/toolu_sandbox_[0-9a-f]+/g, "toolu_…")
    .replaceAll(/\d{1,2}(?::\d\d)?[ap]m/g, "<time>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<date>");
}

const RESULT_KEYS = [
  "type",
  "subtype",
  "is_error",
  "api_error_status",
  "api_error_type",
  "num_turns",
  "result",
  "errors",
  "stop_reason",
  "terminal_reason",
  "credential_expires_at",
];

function resultFacts(value: Fields): Fields {
  // What `auth status` prints is compared whole.
  if (value["type"] !== "result") return value;
  const denials = value["permission_denials"] as readonly Fields[];
  return { ...pick(value, RESULT_KEYS), denials: denials.map((one) => one["tool_name"]) };
}

function eventFacts(event: Fields): Fields {
  const message = (event["message"] ?? {}) as Fields;
  switch (event["type"]) {
    case "result":
      return resultFacts(event);
    case "assistant":
      return {
        ...pick(event, ["type", "error", "is_api_error_message", "api_error_status"]),
        ...pick(message, ["role", "stop_reason"]),
        blocks: blocksOf(message),
        isSynthetic: message["model"] === "<synthetic>",
      };
    case "user":
      return { type: "user", blocks: blocksOf(message) };
    default:
      return pick(event, [
        "type",
        "subtype",
        "permissionMode",
        "apiKeySource",
        "claude_code_version",
        "attempt",
        "max_retries",
        "error_status",
        "error",
      ]);
  }
}

function blocksOf({ content }: Fields): unknown {
  if (!Array.isArray(content)) return typeof content;
  return (content as Fields[]).map(({ type }) => type);
}

function pick(value: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(keys.filter((key) => key in value).map((key) => [key, value[key]]));
}
