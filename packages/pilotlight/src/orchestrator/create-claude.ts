import type { Environment } from "../claude/locations.ts";
import type { Fingerprint } from "../core/credential.ts";
import { type ErrorCode, PilotlightError } from "../core/errors.ts";
import type { LoginStatus } from "../core/login-status.ts";
import { agentSdkBackend } from "./agent-sdk-backend.ts";
import { apiBackend } from "./api-backend.ts";
import type { Ask, AskResult, Backend, Plan } from "./ask.ts";
import type { AskOnce, Question, Reply } from "./backend.ts";
import { chooseBackend } from "./choose-backend.ts";
import { type Bookkeeping, bookkeeping, type Health } from "./bookkeeping.ts";
import { ClaudeError } from "./claude-error.ts";
import { cliBackend } from "./cli-backend.ts";
import { limited } from "./limited.ts";
import { askMetrics } from "./metrics.ts";
import { persist } from "./persist.ts";
import { type Queue, queueOf } from "./queue.ts";
import { refuseMissingScopes } from "./refuse-wrong-kinds.ts";
import { type Wanted, wanted } from "./schema.ts";
import { type ClaudeOptions, settle, type Settled } from "./settle.ts";

/** Claude, by whichever way is permitted. */
export interface Claude {
  /** @throws ClaudeError, PilotlightError for what is stopped before it is sent, `signal.reason`, or an error of the SDK's own */
  ask<T = unknown>(ask: Ask<T>): Promise<AskResult<T>>;
  /** How a question would be put; sends and starts nothing. @throws PilotlightError where it could not be */
  plan(ask?: Omit<Ask, "prompt">): Plan;
  health(): Health;
  /** For Prometheus. */
  metrics(): Promise<string>;
  /** Reports that the server rejected this access token, as `status` names it; it counts as the server's word. */
  reject(fingerprint: Fingerprint): Promise<boolean>;
}

/** What is reached through other rooms. */
export interface Ports {
  /** Starts `pilotlight`. */
  readonly pilotlight: readonly [string, ...string[]];
  openLogin(options: { readonly name?: string; readonly env: Environment }): Promise<{
    status(): Promise<LoginStatus>;
    refresh(): Promise<unknown>;
    reject(access: Fingerprint, by: string): Promise<boolean>;
  }>;
}

/** Opens Claude for a program. @throws PilotlightError `wrong_credential`, `usage` or `config_invalid` for options that cannot work */
export function claudeThrough(ports: Ports, options: ClaudeOptions): Claude {
  const settled = settle(options);
  const { login, env, concurrency } = settled;
  const queue = queueOf(concurrency);
  const openLogin = () => ports.openLogin({ env, ...(login === null ? {} : { name: login }) });
  const book = bookkeeping(askMetrics(queue.counts));
  const asker = { settled, queue, openLogin, book, backends: backendsFor(ports, settled) };
  return {
    ask: (ask) => askThrough(asker, ask),
    plan: (ask = {}) => planOf(settled, ask),
    health: () => ({ ...queue.counts(), concurrency, ...book.state() }),
    metrics: book.metrics.print,
    reject: async (fingerprint) => (await openLogin()).reject(fingerprint, "orchestrator"),
  };
}

interface Asker {
  readonly settled: Settled;
  readonly queue: Queue;
  readonly openLogin: () => ReturnType<Ports["openLogin"]>;
  readonly book: Bookkeeping;
  readonly backends: Readonly<Record<Backend, AskOnce>>;
}

async function askThrough<T>(asker: Asker, ask: Ask<T>): Promise<AskResult<T>> {
  const { settled, queue, book } = asker;
  const started = performance.now();
  const took = () => Math.round(performance.now() - started);
  refuseFlags(ask);
  const plan = planOf(settled, ask);
  const schema = ask.schema === undefined ? null : wanted(ask.schema);
  const { signal, onEvent, stop } = limited(ask);
  try {
    await checkScopes(asker, ask, plan);
    const bounded = { ...ask, signal, onEvent };
    const work = () => put(asker, bounded, plan, schema);
    const { reply, attempts } = await queue.add(work, { signal, key: ask.session });
    const { structured: _structured, ...rest } = reply;
    const value = schema === null ? refuseSilence(reply, plan) : await valueOf(schema, reply, plan);
    const result = { ...rest, ...plan, value, attempts, durationMs: took() };
    book.succeeded(result);
    return result;
  } catch (error) {
    book.failed(plan.backend, error, { ms: took(), isCancelled: signal.aborted });
    throw error;
  } finally {
    stop();
  }
}

/** Never an empty value: what is missing or does not fit is an error. */
async function valueOf<T>(schema: Wanted<T>, reply: Reply, { backend }: Plan): Promise<T> {
  const { structured, stopReason } = reply;
  const checked =
    structured === undefined ? { trouble: "there is none" } : await schema.check(structured);
  if ("value" in checked) return checked.value;
  const why = `${checked.trouble} (stop reason ${stopReason ?? "unknown"})`;
  throw nothingUsable("structured_output_missing", why, reply, backend);
}

/** Nobody takes silence for an answer. */
function refuseSilence(reply: Reply, { backend }: Plan): null {
  if (reply.text.trim() !== "") return null;
  const why = `the answer is empty (stop reason ${reply.stopReason ?? "unknown"})`;
  throw nothingUsable("silent_exit", why, reply, backend);
}

function nothingUsable(code: ErrorCode, why: string, reply: Reply, backend: Backend): ClaudeError {
  const { text: answer, requestId } = reply;
  const known = { backend, requestId, answer, resetsAt: null, isRepeatable: false } as const;
  return new ClaudeError(code, why, { ...known, retry: "never" });
}

/** Puts a question, more than once where that helps and is safe. */
function put(
  { settled, backends, openLogin, book }: Asker,
  ask: Omit<Ask, "schema" | "onEvent"> & Pick<Question, "signal" | "onEvent">,
  plan: Plan,
  schema: Wanted<unknown> | null,
): Promise<{ readonly reply: Reply; readonly attempts: number }> {
  const { tools = [], model = settled.model, signal } = ask;
  const question = { ...ask, plan, model, tools, jsonSchema: schema?.jsonSchema ?? null };
  const isRenewed = plan.backend === "agent-sdk" && plan.auth === "subscription";
  const renewal = isRenewed ? renewalOf(openLogin) : null;
  const once = async () => {
    await renewal?.note();
    return backends[plan.backend](question);
  };
  return persist(once, {
    persistence: settled.persistence,
    signal,
    renew: renewal?.renew ?? (() => Promise.resolve(false)),
    onRepeat(event) {
      book.metrics.repeated(event.code);
      ask.onEvent(event);
    },
  });
}

/** Renews a login whose token was rejected; one that somebody has renewed meanwhile is good as it is. */
function renewalOf(openLogin: Asker["openLogin"]) {
  let used: Fingerprint | null = null;
  const tokenOf = async () => (await (await openLogin()).status()).accessToken?.fingerprint ?? null;
  return {
    async note() {
      used = await tokenOf();
    },
    async renew() {
      if (used === null) return false;
      if ((await tokenOf()) !== used) return true;
      const login = await openLogin();
      await login.reject(used, "orchestrator");
      await login.refresh();
      return (await tokenOf()) !== used;
    },
  };
}

/** What Claude Code would take for an option. A session often comes from somebody's client. @throws PilotlightError `usage` */
function refuseFlags({ session, tools = [] }: Pick<Ask, "session" | "tools">): void {
  if (session !== undefined && !/^\w[\w-]{0,127}$/.test(session)) {
    throw new PilotlightError("usage", "session is no id: give the sessionId of an earlier result");
  }
  const odd = tools.find((tool) => !/^\w/.test(tool));
  if (odd !== undefined)
    throw new PilotlightError("usage", `tools: ${JSON.stringify(odd)} is no name`);
}

function planOf(settled: Settled, ask: Omit<Ask, "prompt">): Plan {
  const { auth, backend, direct, isOwnUse } = settled;
  const needs = [
    ...((ask.tools ?? []).length > 0 ? ["the use of tools"] : []),
    ...(ask.session === undefined ? [] : ["a session that goes on"]),
  ];
  return chooseBackend({
    auth,
    backend,
    keyPlace: direct?.place ?? null,
    mayUseOwn: isOwnUse,
    need: needs[0] ?? null,
  });
}

async function checkScopes({ openLogin }: Asker, { scopes = [] }: Pick<Ask, "scopes">, plan: Plan) {
  if (scopes.length === 0 || plan.auth !== "subscription") return;
  const status = await (await openLogin()).status();
  const isSetupToken = status.source === "CLAUDE_CODE_OAUTH_TOKEN";
  refuseMissingScopes(scopes, {
    isSetupToken,
    scopes: status.scopes,
    place: status.path ?? status.source,
  });
}

function backendsFor({ pilotlight }: Ports, settled: Settled): Asker["backends"] {
  const { direct, baseUrl, maxTokens, agentSdk } = settled;
  const supervision = { ...settled.supervision, pilotlight };
  return {
    api: direct === null ? unreachable : apiBackend({ access: direct.access, baseUrl, maxTokens }),
    "agent-sdk": agentSdkBackend(supervision, agentSdk),
    cli: cliBackend(supervision),
  };
}

/** `chooseBackend` never chooses the API without a key. */
const unreachable: AskOnce = () =>
  Promise.reject(new PilotlightError("bug", "the API was chosen without a key"));
