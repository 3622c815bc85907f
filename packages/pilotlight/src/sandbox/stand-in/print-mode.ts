import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { askModel, type Message, type ToolUse } from "./ask-model.ts";
import type { PrintOptions } from "./command-line.ts";
import { credentialInUse } from "./credential-in-use.ts";
import { objectIn } from "./exchange.ts";
import { type Output, output, type TurnEnd } from "./output.ts";
import {
  latestSession,
  sessionEntries,
  sessionExists,
  type SessionRecord,
  sessionRecord,
} from "./session-record.ts";
import type { Setting } from "./setting.ts";
import { useTool } from "./tools.ts";

/** A refusal before anything began; printed to stderr as it is. */
class Refusal extends Error {}

const NO_INPUT =
  "Error: Input must be provided either through stdin or as a prompt argument when using --print";

/** Runs `-p`. @returns the exit code. */
export async function printMode(setting: Setting, options: PrintOptions): Promise<number> {
  try {
    const run = await openRun(setting, options);
    let code = 0;
    for await (const prompt of promptsOf(options)) code = await takeTurn(run, prompt);
    return code;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** ms. */
const STDIN_PATIENCE = 3_000;
const NO_STDIN =
  "Warning: no stdin data received in 3s, proceeding without it. If piping from a slow command, redirect stdin explicitly: < /dev/null to skip, or wait longer.\n";

interface Run {
  readonly setting: Setting;
  readonly options: PrintOptions;
  readonly model: string;
  readonly record: SessionRecord;
  readonly out: Output;
  readonly ask: (messages: SessionRecord["messages"]) => ReturnType<typeof askModel>;
}

async function openRun(setting: Setting, options: PrintOptions): Promise<Run> {
  const record = openRecord(setting, options);
  const credential = credentialInUse(setting);
  const { modelNames, model: usual } = setting.build;
  const model = options.model === null ? usual : (modelNames[options.model] ?? options.model);
  const out = output(setting, {
    format: options.outputFormat,
    model,
    sessionId: record.id,
    isFree: options.allowedTools === null,
    credential,
  });
  await credential.start(2);
  const ask: Run["ask"] = (messages) =>
    askModel(setting, credential, {
      model,
      messages,
      retrying(retry) {
        record.retried(retry);
        out.retrying(retry);
      },
    });
  return { setting, options, model, record, out, ask };
}

function openRecord(setting: Setting, options: PrintOptions): SessionRecord {
  const { isPersistent, sessionId, resumed } = options;
  if (sessionId !== null && sessionExists(setting, sessionId))
    throw new Refusal(`Error: Session ID ${sessionId} is already in use.`);
  const known = resumed === "latest" ? latestSession(setting) : resumed;
  if (known === null)
    return sessionRecord(setting, { id: sessionId ?? randomUUID(), isPersistent, past: [] });
  if (!sessionExists(setting, known))
    throw new Refusal(`No conversation found with session ID: ${known}`);
  const past = sessionEntries(setting, known);
  return sessionRecord(setting, { id: known, isPersistent, past });
}

/** The prompts of a run: the argument, all of stdin, or one of each line of stream-json. @throws Refusal without any. */
async function* promptsOf({ prompt, readsEvents }: PrintOptions): AsyncGenerator<string> {
  if (readsEvents) {
    for await (const line of createInterface({ input: process.stdin })) {
      const event = objectIn(line);
      if (event?.["type"] === "user") yield contentOf(event);
    }
    return;
  }
  const given = process.stdin.isTTY
    ? ""
    : await readAll(prompt === null ? Infinity : STDIN_PATIENCE);
  const whole = [prompt, given].filter((part) => part !== null && part.trim() !== "").join("\n");
  if (whole === "") throw new Refusal(NO_INPUT);
  yield whole;
}

function contentOf(event: Readonly<Record<string, unknown>>): string {
  const { content } = (event["message"] ?? {}) as { content?: unknown };
  return typeof content === "string" ? content : JSON.stringify(content);
}

/** Reads stdin to its end, or nothing of it when nothing comes within `patience` ms. */
async function readAll(patience: number): Promise<string> {
  let text = "";
  const { stdin } = process;
  const giveUp = () => {
    process.stderr.write(NO_STDIN);
    stdin.destroy();
  };
  const timer = patience === Infinity ? undefined : setTimeout(giveUp, patience);
  stdin.setEncoding("utf8");
  stdin.on("data", (chunk: string) => {
    clearTimeout(timer);
    text += chunk;
  });
  // Also when it is destroyed, or closed without having been open.
  await new Promise<void>((resolve) => {
    stdin
      .once("end", resolve)
      .once("close", resolve)
      .once("error", () => resolve());
  });
  clearTimeout(timer);
  return text;
}

/** Asks, carries out tools and asks again until there is an answer. @returns the exit code. */
async function takeTurn(run: Run, prompt: string): Promise<number> {
  const { record, out, options } = run;
  const started = performance.now();
  out.started();
  const denials: Readonly<Record<string, unknown>>[] = [];
  const end = (
    facts: Pick<TurnEnd, "text" | "stopReason" | "turns"> & Partial<TurnEnd>,
  ): number => {
    const duration = Math.round(performance.now() - started);
    const whole = { failure: null, isCutShort: false, denials, duration, ...facts };
    out.ended(whole);
    return whole.failure !== null || whole.isCutShort ? 1 : 0;
  };
  record.asked(prompt);
  for (let turns = 1; ; turns += 1) {
    const reply = await run.ask(record.messages);
    if (reply.kind === "failed") {
      const { failure } = reply;
      record.failed(failure);
      out.failed(failure);
      return end({ text: failure.text, stopReason: "stop_sequence", turns, failure });
    }
    const { message, requestId } = reply;
    record.answered(message, requestId);
    out.answered(message, requestId);
    if (message.stop_reason !== "tool_use")
      return end({ text: lastTextOf(message), stopReason: message.stop_reason, turns });
    const results = useTools(run, message);
    denials.push(...results.denials);
    record.asked(results.content);
    out.usedTools(results.content);
    if (turns >= options.maxTurns)
      return end({ text: "", stopReason: "tool_use", turns: turns + 1, isCutShort: true });
  }
}

function lastTextOf({ content }: Message): string {
  const text = content.findLast((block) => block.type === "text");
  return text?.type === "text" ? text.text : "";
}

function useTools({ setting, options }: Run, { content }: Message) {
  const used = content
    .filter((block): block is ToolUse => block.type === "tool_use")
    .map((use) => ({ use, ...useTool(use, setting.cwd, options.allowedTools) }));
  return {
    content: used.map(({ result }) => result),
    denials: used
      .filter(({ isDenied }) => isDenied)
      .map(({ use }) => ({ tool_name: use.name, tool_use_id: use.id, tool_input: use.input })),
  };
}
