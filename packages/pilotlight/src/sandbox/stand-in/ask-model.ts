import { setTimeout as sleep } from "node:timers/promises";
import type { BuildBehaviour } from "./build-behaviour.ts";
import type { CredentialInUse } from "./chosen-credential.ts";
import { type Answer, exchange, NoAnswer, objectIn } from "./exchange.ts";
import { errorIn, type Failure, failureOf, kindOf } from "./failure.ts";
import type { Setting } from "./setting.ts";

/** A block of a reply that asks for a tool. */
export interface ToolUse {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

type Block = { readonly type: "text"; readonly text: string } | ToolUse;

/** What the Messages API answered, as it came. */
export interface Message {
  readonly id: string;
  readonly model: string;
  readonly content: readonly Block[];
  readonly stop_reason: string;
  readonly usage: Readonly<Record<string, unknown>>;
}

export type Reply =
  | { readonly kind: "message"; readonly message: Message; readonly requestId: string | null }
  | { readonly kind: "failed"; readonly failure: Failure };

/** A try that failed and will, perhaps, be repeated after `delay` ms. */
export interface Retry {
  readonly attempt: number;
  readonly delay: number;
  readonly status: number | null;
  readonly error: string;
  readonly text: string;
  readonly body: string;
  readonly requestId: string | null;
}

interface Question {
  readonly model: string;
  readonly messages: readonly unknown[];
  /** Told of every try that failed, before the pause that follows it. */
  readonly retrying: (retry: Retry) => void;
}

const MAX_TRIES = 11;
const UNKNOWN_MODEL_TRIES = 2;
/** ms. */
const TIMEOUT = 600_000;
const DELAY = { first: 500, most: 32_000 } as const;

/** Sends one Messages request and repeats it as the build does. */
export async function askModel(
  setting: Setting,
  credential: CredentialInUse,
  question: Question,
): Promise<Reply> {
  const reply = await askRepeatedly(setting, credential, question);
  credential.settled();
  return reply;
}

async function askRepeatedly(
  setting: Setting,
  credential: CredentialInUse,
  question: Question,
): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    const chosen = await credential.next();
    if (chosen.kind === "refused") return { kind: "failed", failure: localFailure(chosen) };
    const answer = await send(setting, chosen.headers, question);
    if (answer instanceof NoAnswer) {
      if (attempt >= MAX_TRIES) return { kind: "failed", failure: unreachable(answer) };
    } else {
      if (answer.status === 200) return replyOf(answer);
      const tries = await triesFor(setting, credential, answer);
      if (attempt >= tries && (tries <= 1 || !isSlowToGiveUp(setting, answer)))
        return failed(setting, credential, question, answer);
      const retry = retryOf(setting, attempt, answer);
      if (kindOf(answer) !== "unknown-model") {
        question.retrying(retry);
        await sleep(retry.delay);
      }
      if (attempt >= tries) return failed(setting, credential, question, answer);
      continue;
    }
    await sleep(delayAfter(attempt));
  }
}

/** After a refused credential the newer build still pauses before it gives up (measured 2026-11). */
function isSlowToGiveUp({ build }: Setting, answer: Answer): boolean {
  return build.refreshesWhenRefused && kindOf(answer) === "refused";
}

/** How many requests one message may take, given its latest answer. */
async function triesFor(
  { build }: Setting,
  credential: CredentialInUse,
  answer: Answer,
): Promise<number> {
  const forbidden = answer.headers["x-should-retry"] === "false";
  switch (kindOf(answer)) {
    case "refused":
      if (build.refreshesWhenRefused) return credential.refused();
      return forbidden ? 1 : MAX_TRIES;
    case "unknown-model":
      return UNKNOWN_MODEL_TRIES;
    case "throttled":
      return build.retriesThrottle && !forbidden ? MAX_TRIES : 1;
    case "overloaded":
      return forbidden ? 1 : MAX_TRIES;
    default:
      return 1;
  }
}

async function send(
  { build, sandbox }: Setting,
  credential: Readonly<Record<string, string>>,
  { model, messages }: Question,
): Promise<Answer | NoAnswer> {
  try {
    return await exchange({
      url: new URL("/v1/messages?beta=true", sandbox),
      headers: {
        "user-agent": build.agents.messages,
        "anthropic-version": "2023-06-01",
        ...credential,
      },
      body: { model, max_tokens: 1024, messages },
      timeout: TIMEOUT,
    });
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

function replyOf(answer: Answer): Reply {
  const message = objectIn(answer.text) as Message | null;
  if (message === null)
    return {
      kind: "failed",
      failure: localFailure({ text: "API Error: not JSON", error: "unknown" }),
    };
  return { kind: "message", message, requestId: requestIdOf(answer) };
}

function failed(
  { build }: Setting,
  credential: CredentialInUse,
  { model }: Question,
  answer: Answer,
): Reply {
  return {
    kind: "failed",
    failure: failureOf(answer, { build, model, source: credential.source }),
  };
}

function localFailure({ text, error }: Pick<Failure, "text" | "error">): Failure {
  return { text, status: null, type: null, error, requestId: null };
}

function unreachable({ message }: NoAnswer): Failure {
  return localFailure({ text: `API Error: Connection error. ${message}`, error: "unknown" });
}

function retryOf({ build }: Setting, attempt: number, answer: Answer): Retry {
  return {
    attempt,
    delay: delayAfter(attempt),
    status: answer.status,
    error: kindOf(answer) === "refused" ? "authentication_failed" : errorName(answer.status, build),
    text: errorIn(answer).message,
    body: answer.text,
    requestId: requestIdOf(answer),
  };
}

function errorName(status: number, { version }: BuildBehaviour): string {
  if (status === 529) return version === "2.1.104" ? "rate_limit" : "overloaded";
  return status === 429 ? "rate_limit" : "server_error";
}

/** ms, a little longer each time by chance, as measured (2026-11): 556, 1190, … */
function delayAfter(attempt: number): number {
  const base = Math.min(DELAY.first * 2 ** (attempt - 1), DELAY.most);
  return Math.round(base * (1 + Math.random() * 0.2));
}

function requestIdOf(answer: Answer): string | null {
  const id = answer.headers["request-id"];
  return typeof id === "string" ? id : null;
}
