import { findClaude } from "../claude/build/find-claude.ts";
import { type Fields, isObject } from "../core/json-object.ts";
import { type AskOnce, type Question, toolNames } from "./backend.ts";
import { type ClaudeMessages, claudeMessages } from "./claude-messages.ts";
import { failureOfRun } from "./failure-of-run.ts";
import { peer } from "./peer.ts";
import { credentialOf, startSupervised, type SupervisedRun } from "./supervised.ts";
import type { Supervision } from "./supervision.ts";

/** As much of the Agent SDK as is used here. */
export interface AgentSdk {
  query(call: { readonly prompt: string; readonly options: Fields }): AsyncIterable<unknown>;
}

/** What the SDK asks to be started. */
interface SpawnRequest {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const NAME = "@anthropic-ai/claude-agent-sdk";

/** ms that the SDK has to say its last word after Claude Code has ended, and Claude Code to end after the SDK has. */
const GRACE = 5_000;

/** Asks through the Agent SDK, which starts the user's own Claude Code under `pilotlight run`; its copy of it is not used. */
export function agentSdkBackend(
  supervision: Omit<Supervision, "auth">,
  given: AgentSdk | null,
): AskOnce {
  return async (question) => {
    question.signal.throwIfAborted();
    const sdk = given ?? (await peer(NAME, () => import(NAME) as Promise<AgentSdk>));
    const { argv } = await findClaude(supervision.setting, supervision.env);
    question.signal.throwIfAborted();
    const messages = claudeMessages(question.onEvent);
    const started = startedOnce({ ...supervision, claude: argv, auth: question.plan.auth });
    const leaving = new AbortController();
    const leave = () => {
      leaving.abort();
      started.end();
    };
    question.signal.addEventListener("abort", leave);
    const options = {
      ...optionsOf(question),
      cwd: supervision.cwd,
      env: supervision.env,
      pathToClaudeCodeExecutable: argv[0],
      abortController: leaving,
      spawnClaudeCodeProcess: started.spawn,
    };
    const listened = listen(sdk.query({ prompt: question.prompt, options }), messages);
    const thrown = await Promise.race([listened, started.isLongGone]);
    const end = await started.over();
    question.signal.removeEventListener("abort", leave);
    question.signal.throwIfAborted();
    const answer = messages.answer();
    if (answer !== null) return { ...answer, ...credentialOf(end?.stderr ?? "") };
    if (end === null) throw thrown ?? new Error("the Agent SDK did not start Claude Code");
    throw failureOfRun(messages, end, "agent-sdk");
  };
}

/** @returns what was thrown; an error result comes as a message, and is thrown as well. Never rejects. */
async function listen(stream: AsyncIterable<unknown>, messages: ClaudeMessages): Promise<unknown> {
  try {
    for await (const message of stream) if (isObject(message)) messages.take(message);
    return null;
  } catch (error) {
    return error;
  }
}

/** The run that the SDK asks for. */
function startedOnce(supervision: Supervision) {
  let run: SupervisedRun | null = null;
  const gone = Promise.withResolvers<null>();
  const end = () => run?.child.kill("SIGTERM");
  return {
    spawn({ args, cwd, env }: SpawnRequest) {
      const place = { env, cwd: cwd ?? supervision.cwd };
      run = startSupervised({ ...supervision, ...place }, "never", withoutScript(args));
      // An SDK that never ends its stream is not waited for.
      void run.ended.then(() => setTimeout(() => gone.resolve(null), GRACE).unref());
      return gently(run);
    },
    end,
    isLongGone: gone.promise,
    /** `null` where nothing was started. */
    async over() {
      if (run === null) return null;
      const { ended, stderr } = run;
      // Whoever has heard the last word has no use for it any more.
      const timer = setTimeout(end, GRACE);
      const exit = await ended;
      clearTimeout(timer);
      return { exit, stderr: stderr() };
    },
  };
}

function optionsOf({ model, system, tools, session, jsonSchema }: Question): Fields {
  return {
    ...(model === null ? {} : { model }),
    ...(system === undefined ? {} : { systemPrompt: system }),
    ...(session === undefined ? {} : { resume: session }),
    ...(jsonSchema === null ? {} : { outputFormat: { type: "json_schema", schema: jsonSchema } }),
    tools: toolNames(tools),
    allowedTools: [...tools],
    settingSources: ["user", "project", "local"],
  };
}

/** The SDK puts the file of a Claude Code in JavaScript ahead of the arguments; ours is in the command. */
function withoutScript(args: readonly string[]): readonly string[] {
  return /\.[cm]?js$/.test(args[0] ?? "") ? args.slice(1) : args;
}

/** The SDK kills what has not ended in moments; a grant in flight takes longer, and `run` ends right after it. */
function gently({ child }: SupervisedRun) {
  let isAsked = false;
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    get killed() {
      return isAsked;
    },
    get exitCode() {
      return child.exitCode;
    },
    get signalCode() {
      return child.signalCode;
    },
    kill: () => {
      const isFirst = !isAsked;
      isAsked = true;
      return isFirst && child.kill("SIGTERM");
    },
    on: child.on.bind(child),
    once: child.once.bind(child),
    off: child.off.bind(child),
  };
}
