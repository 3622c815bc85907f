import type { Source } from "../core/login-status.ts";
import type { Schema } from "./schema.ts";
import type { Usage } from "./usage.ts";

/** Which credential may be used: `auto` is an API key for a direct call, else the subscription through the CLI. */
export type Auth = "auto" | "api-key" | "subscription";

/** A way to reach Claude: the Messages API, the Agent SDK, or Claude Code itself. */
export type Backend = "api" | "agent-sdk" | "cli";

/** What a credential is, whatever place it was found in. */
export type CredentialKind = "api-key" | "oauth" | "setup-token" | "profile" | "cloud" | "unknown";

/** One question to Claude. */
export interface Ask<T = unknown> {
  readonly prompt: string;
  /** In place of Claude Code's own system prompt. */
  readonly system?: string;
  /** What the answer must hold: a schema of zod 4.2 or later (any Standard JSON Schema), or a JSON Schema. */
  readonly schema?: Schema<T>;
  readonly model?: string;
  /** Names of Claude Code's tools that may be used without asking (`Read`, `Bash(git:*)`); none unless given. The API has none of them. */
  readonly tools?: readonly string[];
  /** The session to go on with: `sessionId` of an earlier result. The API keeps none. */
  readonly session?: string;
  /** OAuth scopes without which the work would fail, such as `user:mcp_servers`. */
  readonly scopes?: readonly string[];
  /** Ends the child as `run` does, never in the middle of a grant, and waits for its end. */
  readonly signal?: AbortSignal;
  /** ms for all of it, waiting in the queue and every repeat included; none unless given. */
  readonly timeoutMs?: number;
  /** Hears what happens; what it throws, or its promise rejects with, ends the ask. */
  readonly onEvent?: (event: AskEvent) => unknown;
}

/** What happens while an answer is made. */
export type AskEvent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tool_use"; readonly name: string; readonly input: unknown }
  | {
      readonly kind: "retry";
      readonly code: string;
      readonly attempt: number;
      readonly inMs: number;
    };

/** How one question is going to be put, and why so. */
export interface Plan {
  readonly backend: Backend;
  /** What `auto` came to. */
  readonly auth: Exclude<Auth, "auto">;
  /** A sentence without its full stop. */
  readonly reason: string;
}

/** An answer, whichever way it came. */
export interface AskResult<T = unknown> extends Plan {
  readonly text: string;
  /** The structured value, validated; `null` where no schema was given. */
  readonly value: T | null;
  readonly usage: Usage;
  /** By Claude Code's own count; `null` on the API, which does not say. */
  readonly costUsd: number | null;
  /** The model that answered; `null` where it is not told. */
  readonly model: string | null;
  readonly turns: number;
  /** Why the model stopped: `end_turn`, `max_tokens`, `refusal` …; `null` where it is not told. */
  readonly stopReason: string | null;
  /** To go on with; `null` on the API. */
  readonly sessionId: string | null;
  readonly credential: CredentialKind;
  /** Where the credential was found, as `explain` names it. */
  readonly source: Source;
  readonly durationMs: number;
  readonly requestId: string | null;
  /** 1 where nothing had to be repeated by this call. */
  readonly attempts: number;
}
