import { findClaude } from "../claude/build/find-claude.ts";
import { type Fields, isObject } from "../core/json-object.ts";
import type { AskOnce, Question } from "./backend.ts";
import { claudeMessages } from "./claude-messages.ts";
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

/** Asks through the Agent SDK, which starts the user's own Claude Code under `pilotlight run`; its copy of it is not used. */
export function agentSdkBackend(
  supervision: Omit<Supervision, "auth">,
  given: AgentSdk | null,
): AskOnce {
  return async (question) => {
    question.signal.throwIfAborted();
    const sdk = given ?? (await peer(NAME, () => import(NAME) as Promise<AgentSdk>));
    const { argv } = await findClaude(commandOf(supervision.claude), supervision.env);
    question.signal.throwIfAborted();
    const messages = claudeMessages(question.onEvent);
    const leaving = new AbortController();
    let run: SupervisedRun | null = null;
    const spawnClaudeCodeProcess = ({ args, cwd, env }: SpawnRequest) => {
      const { auth } = question.plan;
      const place = { env, cwd: cwd ?? supervision.cwd, claude: argv };
      run = startSupervised({ ...supervision, ...place, auth }, "never", withoutScript(args));
      return gently(run);
    };
    const end = () => leaving.abort();
    question.signal.addEventListener("abort", end);
    const options = { ...optionsOf(question), abortController: leaving, spawnClaudeCodeProcess };
    const here = {
      cwd: supervision.cwd,
      env: supervision.env,
      pathToClaudeCodeExecutable: argv[0],
    };
    let thrown: unknown = null;
    try {
      for await (const message of sdk.query({
        prompt: question.prompt,
        options: { ...options, ...here },
      })) {
        if (isObject(message)) messages.take(message);
      }
    } catch (error) {
      // An error result comes as a message, and is thrown as well.
      thrown = error;
    }
    question.signal.removeEventListener("abort", end);
    const { exit, stderr } = await endOf(run);
    question.signal.throwIfAborted();
    const answer = messages.answer();
    if (answer !== null) return { ...answer, ...credentialOf(stderr) };
    if (run === null && thrown !== null) throw thrown;
    throw failureOfRun(messages, exit, stderr, "agent-sdk");
  };
}

async function endOf(run: SupervisedRun | null) {
  if (run === null) return { exit: null, stderr: "" };
  return { exit: await run.ended, stderr: run.stderr() };
}

function optionsOf({ model, system, tools, session, jsonSchema }: Question): Fields {
  return {
    ...(model === null ? {} : { model }),
    ...(system === undefined ? {} : { systemPrompt: system }),
    ...(session === undefined ? {} : { resume: session }),
    ...(jsonSchema === null ? {} : { outputFormat: { type: "json_schema", schema: jsonSchema } }),
    tools: tools.map((tool) => tool.replace(/\(.*$/s, "")),
    allowedTools: [...tools],
    settingSources: ["user", "project", "local"],
  };
}

/** As the setting `claude` is written. */
function commandOf(words: readonly string[]): string {
  const [only = "", ...others] = words;
  if (only === "npx") return words.join(" ");
  return others.length === 0 ? only : JSON.stringify(words);
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
