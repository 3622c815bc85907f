import { randomUUID } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Message, Retry } from "./ask-model.ts";
import { objectIn } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { sessionsFolder, type Setting } from "./setting.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One session: what was said, and its `.jsonl` file with the entries that matter of the real one. */
export interface SessionRecord {
  readonly id: string;
  /** The conversation as the Messages API wants it. */
  readonly messages: readonly Fields[];
  asked(content: unknown): void;
  /** One entry for each block, as the builds do. */
  answered(message: Message, requestId: string | null): void;
  retried(retry: Retry): void;
  failed(failure: Failure): void;
}

interface Terms {
  readonly id: string;
  readonly isPersistent: boolean;
  /** The entries of the session that is gone on with. */
  readonly past: readonly Fields[];
}

/** Says where a session is kept; the file need not exist. */
function sessionPath(setting: Setting, id: string): string {
  return join(sessionsFolder(setting), `${id}.jsonl`);
}

export function sessionExists(setting: Setting, id: string): boolean {
  return existsSync(sessionPath(setting, id));
}

/** The session of this working directory that was written to last, or `null`. */
export function latestSession(setting: Setting): string | null {
  const folder = sessionsFolder(setting);
  if (!existsSync(folder)) return null;
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  const [latest] = files
    .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
    .toSorted((one, other) => other.at - one.at);
  return latest?.name.slice(0, -".jsonl".length) ?? null;
}

/** Reads the entries of a session; lines that are not JSON are left out. */
export function sessionEntries(setting: Setting, id: string): readonly Fields[] {
  return readFileSync(sessionPath(setting, id), "utf8")
    .split("\n")
    .map(objectIn)
    .filter((entry) => entry !== null);
}

/** Opens a session; its file is made with the first entry. One that cannot be written is not kept, without a word. */
export function sessionRecord(setting: Setting, { id, isPersistent, past }: Terms): SessionRecord {
  const { build, cwd } = setting;
  const path = sessionPath(setting, id);
  const messages = past.flatMap(messageIn);
  let parentUuid = (past.findLast((entry) => "uuid" in entry)?.["uuid"] ?? null) as string | null;

  function write(entry: Fields): void {
    if (!isPersistent) return;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      appendFileSync(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch {
      // A read-only directory: the builds go on too (measured on 2.1.329, 2026-11).
    }
  }

  function append(entry: Fields): void {
    const uuid = randomUUID();
    const timestamp = new Date().toISOString();
    const place = { userType: "external", entrypoint: "sdk-cli", cwd, sessionId: id };
    const whole = { parentUuid, isSidechain: false, ...entry, uuid, timestamp, ...place };
    write({ ...whole, version: build.version, gitBranch: "HEAD" });
    parentUuid = uuid;
  }

  return {
    id,
    messages,
    asked(content) {
      const message = { role: "user", content };
      messages.push(message);
      if (typeof content === "string")
        for (const operation of ["enqueue", "dequeue"]) queue(operation, content);
      append({ type: "user", message });
    },
    answered(message, requestId) {
      messages.push({ role: "assistant", content: message.content });
      for (const block of message.content)
        append({ message: { ...message, content: [block] }, requestId, type: "assistant" });
    },
    retried(retry) {
      // The older build keeps no record of them.
      if (build.version === "2.1.104") return;
      append({
        type: "system",
        subtype: "api_error",
        level: "error",
        error: {
          message: `${retry.status} ${retry.body}`,
          status: retry.status,
          requestId: retry.requestId,
          formatted: `${retry.status} ${retry.text}`,
        },
        retryInMs: retry.delay,
        retryAttempt: retry.attempt,
        maxRetries: 10,
      });
    },
    failed: (failure) => append(failureEntry(failure, setting)),
  };

  function queue(operation: string, content: string): void {
    const timestamp = new Date().toISOString();
    const what = operation === "enqueue" ? { content } : {};
    write({ type: "queue-operation", operation, timestamp, sessionId: id, ...what });
  }
}

/** The message that stands in for an answer when there is none. */
export function syntheticMessage({ text }: Failure): Fields {
  return {
    id: randomUUID(),
    container: null,
    model: "<synthetic>",
    role: "assistant",
    stop_reason: "stop_sequence",
    stop_sequence: "",
    type: "message",
    usage: { input_tokens: 0, output_tokens: 0 },
    content: [{ type: "text", text }],
    context_management: null,
  };
}

function failureEntry(failure: Failure, { build }: Setting): Fields {
  const { status, type, error, requestId } = failure;
  const more = {
    ...(status !== null && { apiErrorStatus: status }),
    ...(type !== null && { apiErrorType: type }),
  };
  return {
    type: "assistant",
    message: syntheticMessage(failure),
    ...(requestId !== null && { requestId }),
    error,
    isApiErrorMessage: true,
    ...(build.version === "2.1.329" && more),
  };
}

/** Errors are entries, but no part of the conversation. */
function messageIn(entry: Fields): Fields[] {
  const { type, message, isApiErrorMessage } = entry;
  const isSaid = (type === "user" || type === "assistant") && isApiErrorMessage !== true;
  if (!isSaid || typeof message !== "object" || message === null) return [];
  const { role, content } = message as Fields;
  return [{ role, content }];
}
