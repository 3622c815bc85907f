import { isatty } from "node:tty";
import { fstatSync } from "node:fs";
import {
  type ClaudeArguments,
  claudeArguments,
} from "../../claude/command-line/claude-arguments.ts";
import { readWords } from "../../claude/command-line/claude-options.ts";
import { runOutput } from "../../claude/output/run-output.ts";
import { readSession, type SessionSearch } from "../../claude/output/session-file.ts";
import { type ChildEnd, exitStatusOf } from "../../child/child-end.ts";
import type { ForwardedSignals } from "../../child/forward-signals.ts";
import { type HeldOutput, heldOutput } from "../../child/held-output.ts";
import { ownOutputs } from "../../child/own-outputs.ts";
import { passThrough } from "../../child/pass-through.ts";
import type { RecordedInput } from "../../child/recorded-input.ts";
import { startChild } from "../../child/start-child.ts";
import { recognise, type RunVerdict } from "../../core/recognise.ts";
import {
  isSafeToRepeat,
  NO_SESSION,
  type OutputEvidence,
  runEvidence,
  type SessionEvidence,
} from "../../core/run-evidence.ts";

/** What stays the same over the attempts of one job. */
export interface Scene {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly configDir: string;
  readonly signals: ForwardedSignals;
  readonly input: RecordedInput | null;
  /** Told when the API has rejected the credential of a running job. */
  readonly onRejection: () => void;
  /** True: requests go elsewhere than to Anthropic, so that a rejection tells nothing of the login. */
  readonly isGateway: boolean;
}

/** One start of the job's command, to its end. */
export interface Attempt {
  readonly end: ChildEnd;
  readonly verdict: RunVerdict;
  /** What is still held of its output; `null` where nothing was. */
  readonly output: HeldOutput | null;
  readonly session: SessionEvidence;
  /** Nothing was done that a second start would do twice. */
  readonly isRepeatable: boolean;
}

/** In which Claude Code tells the time where it names no zone. The first question takes some 20 ms. */
const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** True where output is looked at and held back: Claude Code with `-p`, away from a terminal. */
export function isWatched(args: ClaudeArguments | null): args is ClaudeArguments {
  return args !== null && args.isPrint && !isatty(1);
}

/** Stdin is copied only where a repeat could need it: not a terminal, not /dev/null. */
export function isInputCopied(): boolean {
  try {
    const stat = fstatSync(0);
    return !isatty(0) && !stat.isCharacterDevice();
  } catch {
    return false;
  }
}

/** Starts the command, passes everything through, and tells how it ended. */
export async function attempt(
  argv: readonly [string, ...string[]],
  args: ClaudeArguments | null,
  scene: Scene,
  mayHold: boolean,
): Promise<Attempt> {
  const startedAt = Date.now();
  const format = args?.outputFormat ?? "text";
  const reader = runOutput(format);
  const held = isWatched(args) ? watchedOutput(reader, scene, mayHold && !isTalkedTo(args)) : null;
  const { input, signals, env, cwd } = scene;
  const child = await startChild({
    argv,
    env,
    cwd,
    input: input === null ? "inherit" : "pass",
    output: held === null ? "inherit" : "pass",
  });
  const end =
    child.kind === "running" ? await passThrough(child, { input, output: held, signals }) : child;
  const output = held === null ? null : reader.evidence();
  // A second start has a command line of its own.
  const own = args === null ? null : claudeArguments(argv, args.command);
  const search = searchOf(own, output, { ...scene, startedAt });
  const isKept = child.kind === "running" && own?.isPersistent !== false;
  const session = isKept ? await readSession(search) : NO_SESSION;
  const evidence = runEvidence({
    isClaude: held !== null,
    exit: end.kind === "signalled" ? null : exitStatusOf(end),
    output,
    session,
    stderr: held?.contents("stderr").toString("utf8") ?? "",
    isGateway: scene.isGateway,
    isInterrupted: signals.interruption.aborted,
  });
  const isRepeatable =
    output !== null &&
    held?.isReleased === false &&
    (input === null || input.isReplayable) &&
    !signals.interruption.aborted &&
    isSafeToRepeat(output, session) &&
    (session.state === "none" || !isBoundToSession(own));
  const verdict = recognise(evidence, Date.now(), localZone);
  return { end, verdict, output: held, session, isRepeatable };
}

function watchedOutput(
  reader: ReturnType<typeof runOutput>,
  { onRejection, isGateway }: Scene,
  mayHold: boolean,
): HeldOutput {
  let rejections = 0;
  const held: HeldOutput = heldOutput(ownOutputs(), {
    tap(name, chunk) {
      if (name === "stderr") return;
      reader.take(chunk);
      if (reader.isAnswering) held.release();
      if (reader.rejections > rejections && !isGateway) onRejection();
      rejections = reader.rejections;
    },
  });
  if (!mayHold) held.release();
  return held;
}

/** Whoever talks to a running job waits for its words, and does not say everything before the first of them. */
function isTalkedTo({ inputFormat }: ClaudeArguments): boolean {
  return inputFormat === "stream-json";
}

const SESSION_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Where the session of one start is, as far as its output and its command line tell. */
function searchOf(
  args: ClaudeArguments | null,
  output: OutputEvidence | null,
  { configDir, cwd, startedAt }: Pick<Scene, "configDir" | "cwd"> & { readonly startedAt: number },
): SessionSearch {
  const base = { configDir, cwd, startedAt, sessionId: output?.sessionId ?? null };
  if (args === null) return base;
  const { resumes } = args;
  const words = readWords(args.arguments);
  const isFork = words.some((word) => word.kind === "option" && word.name === "--fork-session");
  const resumed = resumes !== null && SESSION_ID.test(resumes) && !isFork ? resumes : null;
  const operands = words.flatMap((word) => (word.kind === "operand" ? [word.text] : []));
  return {
    ...base,
    sessionId: base.sessionId ?? args.sessionId ?? resumed,
    prompts: operands.filter((text) => text.trim() !== ""),
    isContinued: args.isContinued || resumes !== null,
  };
}

/** A session of a given name cannot be made twice, and a continued one would get its prompt twice. */
function isBoundToSession(args: ClaudeArguments | null): boolean {
  return args !== null && (args.sessionId !== null || args.isContinued || args.resumes !== null);
}
