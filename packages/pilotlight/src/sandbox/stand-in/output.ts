import { randomUUID } from "node:crypto";
import type { Message, Retry } from "./ask-model.ts";
import type { PrintOptions } from "./command-line.ts";
import type { CredentialInUse } from "./chosen-credential.ts";
import type { Failure } from "./failure.ts";
import { loginEndIn } from "./login-file.ts";
import { syntheticMessage } from "./session-record.ts";
import type { Setting } from "./setting.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How one turn ended. */
export interface TurnEnd {
  readonly text: string;
  readonly stopReason: string;
  readonly turns: number;
  readonly failure: Failure | null;
  /** The limit of `--max-turns` was reached. */
  readonly isCutShort: boolean;
  readonly denials: readonly Fields[];
  /** ms. */
  readonly duration: number;
}

/** Prints what happens, in the format that was asked for. */
export interface Output {
  started(): void;
  retrying(retry: Retry): void;
  answered(message: Message, requestId: string | null): void;
  usedTools(content: readonly unknown[]): void;
  failed(failure: Failure): void;
  ended(end: TurnEnd): void;
}

interface Terms {
  readonly format: PrintOptions["outputFormat"];
  readonly model: string;
  readonly sessionId: string;
  readonly isFree: boolean;
  readonly credential: CredentialInUse;
}

export function output(setting: Setting, terms: Terms): Output {
  const { build, cwd } = setting;
  const { format, sessionId } = terms;
  const isStream = format === "stream-json";
  const isNew = build.version === "2.1.329";
  const print = (line: Fields | string): void =>
    void process.stdout.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  const event = (fields: Fields): void => {
    if (isStream) print({ ...fields, session_id: sessionId, uuid: randomUUID() });
  };
  const said = { parent_tool_use_id: null };

  return {
    started() {
      event({
        type: "system",
        subtype: "init",
        cwd,
        tools: ["Bash", "Write"],
        mcp_servers: [],
        model: terms.model,
        permissionMode: terms.isFree ? "bypassPermissions" : "default",
        slash_commands: [],
        apiKeySource: setting.env["ANTHROPIC_API_KEY"] ? "ANTHROPIC_API_KEY" : "none",
        claude_code_version: build.version,
        output_style: "default",
      });
    },
    retrying({ attempt, delay, status, error }) {
      const times = { attempt, max_retries: 10, retry_delay_ms: delay };
      event({ type: "system", subtype: "api_retry", ...times, error_status: status, error });
    },
    answered(message, requestId) {
      for (const block of message.content) {
        const one = { ...message, content: [block], stop_reason: null, context_management: null };
        const more = isNew ? { request_id: requestId } : {};
        event({ type: "assistant", message: one, ...said, ...more });
      }
    },
    usedTools: (content) => event({ type: "user", message: { role: "user", content }, ...said }),
    failed(failure) {
      const more = isNew ? newErrorFields(failure) : {};
      const { error } = failure;
      event({ type: "assistant", message: syntheticMessage(failure), ...said, error, ...more });
    },
    ended(end) {
      if (format === "text") print(textOf(end));
      else print(resultOf(end, setting, terms));
    },
  };
}

function newErrorFields({ requestId, status, type }: Failure): Fields {
  return {
    ...(requestId !== null && { request_id: requestId }),
    is_api_error_message: true,
    ...(status !== null && { api_error_status: status }),
    ...(type !== null && { api_error_type: type }),
  };
}

function textOf({ isCutShort, text, turns }: TurnEnd): string {
  return isCutShort ? `Error: Reached max turns (${turns - 1})` : text;
}

function resultOf(end: TurnEnd, setting: Setting, { sessionId, credential }: Terms): Fields {
  const { failure, isCutShort, turns } = end;
  const isNew = setting.build.version === "2.1.329";
  const mayTell = isNew && ["claude-file", "none"].includes(credential.source);
  const endsAt = mayTell ? loginEndIn(setting) : null;
  const reason = isCutShort ? "max_turns" : failure !== null && isNew ? "api_error" : "completed";
  return {
    type: "result",
    subtype: isCutShort ? "error_max_turns" : "success",
    is_error: failure !== null || isCutShort,
    ...(isNew && !isCutShort && { api_error_status: failure?.status ?? null }),
    ...(isNew && failure?.type && { api_error_type: failure.type }),
    duration_ms: end.duration,
    duration_api_ms: failure === null ? end.duration : 0,
    num_turns: turns,
    ...(isCutShort
      ? { errors: [`Reached maximum number of turns (${turns - 1})`] }
      : { result: end.text }),
    stop_reason: end.stopReason,
    session_id: sessionId,
    total_cost_usd: 0,
    usage: { input_tokens: 0, output_tokens: 0 },
    modelUsage: {},
    permission_denials: end.denials,
    terminal_reason: reason,
    uuid: randomUUID(),
    ...(endsAt !== null && { credential_expires_at: new Date(endsAt).toISOString() }),
  };
}
