/** One run as it is kept: paths, ids and times are neutral, and nothing is left that the tests do not need. */
export interface CorpusRun {
  readonly case: string;
  readonly format: "text" | "json" | "stream-json";
  readonly expected: string;
  readonly isSafe: boolean;
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly sessions: readonly { readonly name: string; readonly text: string }[];
}

type Fields = Record<string, unknown>;

/** Keys of an event that are kept: those that say how a run went. */
const KEPT = new Set(
  `
  type subtype is_error api_error_status api_error_type api_error errors api_error_params
  terminal_reason result num_turns total_cost_usd stop_reason session_id
  credential_expires_at apiKeySource claude_code_version attempt served_by_anthropic
  max_retries error_status error rate_limit_info message parent_tool_use_id
  is_api_error_message request_id isApiErrorMessage sessionId apiErrorStatus apiErrorType
  apiError apiErrorParams quotaLimits requestId isSidechain timestamp version tools
  retryAttempt maxRetries level
  `.split(/\s+/),
);

/** Claude Code's own prompts and lists are nobody's evidence: such lines keep their type alone. */
const TOLD = new Set(["assistant", "user", "system", "result", "rate_limit_event", "tools-used"]);

export function neutralLines(text: string): string {
  return text.split("\n").map(neutralLine).join("\n");
}

function neutralLine(line: string): string {
  let event: Fields;
  try {
    event = JSON.parse(line) as Fields;
  } catch {
    return neutralText(line);
  }
  if (!TOLD.has(String(event["type"]))) return JSON.stringify({ type: event["type"] });
  const kept = Object.entries(event).filter(([key]) => KEPT.has(key));
  const fields: Fields = Object.fromEntries(kept);
  // The names of its tools, which are many.
  if (event["type"] === "system") delete fields["tools"];
  const message = fields["message"] as Fields | undefined;
  if (message !== undefined) {
    const { role, model, content } = message;
    fields["message"] = { role, model, content };
  }
  return neutralText(JSON.stringify(fields));
}

function neutralText(text: string): string {
  return text
    .replace(/\/tmp\/pilotlight-test-\w+\/home/g, "/home/person")
    .replace(/-tmp-pilotlight-test-\w+-home/g, "-home-person")
    .replace(/\b(req|toolu|msg)_sandbox_\w+/g, "$1_TEST")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, NEUTRAL_ID)
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "2026-11-20T12:00:00.000Z")
    .replace(/"resetsAt":\d+/g, '"resetsAt":1795180000')
    .replace(/resets \d\d?(:\d\d)?[ap]m \([^)]*\)/g, "resets 3:45pm (UTC)");
}

/** Every run has one session, so one id is enough. */
export const NEUTRAL_ID = "00000000-0000-4000-8000-000000000001";
