import { LONGEST_TIMER } from "../../core/duration.ts";
import { Readable } from "node:stream";
import type { ClaudeArguments } from "../../claude/command-line/claude-arguments.ts";
import { RESUMING_PROMPT, resumedCommand } from "../../claude/command-line/resumed-command.ts";
import { forwardSignals } from "../../child/forward-signals.ts";
import { handOver } from "../../child/pass-through.ts";
import { type RecordedInput, recordedInput } from "../../child/recorded-input.ts";
import { systemClock } from "../system-clock.ts";
import { type Attempt, attempt, isInputCopied, isWatched, type Scene } from "./attempt.ts";
import type { JobOptions } from "./job-options.ts";
import { type Mend, type Mended, NOT_MENDED } from "./mender.ts";

/** What the attempts of one job share. */
export interface Attempts {
  readonly argv: readonly [string, ...string[]];
  readonly args: ClaudeArguments | null;
  readonly options: JobOptions;
  readonly env: Readonly<Record<string, string>>;
  readonly configDir: string;
  /** Requests go to somebody else than Anthropic, whose 401 says nothing of the login. */
  readonly isGateway: boolean;
  readonly mend: Mend;
}

/** The last start of the command, and what was done for the next, too late for this one. */
export interface LastAttempt extends Attempt, Mended {}

/** Starts the command, at most twice: what helps once and not twice is not our business. */
export async function attempts(job: Attempts): Promise<LastAttempt> {
  const { argv, args, options, mend } = job;
  const signals = forwardSignals();
  const scene: Scene = {
    env: job.env,
    cwd: process.cwd(),
    configDir: job.configDir,
    signals,
    input: isWatched(args) && isInputCopied() ? recordedInput(process.stdin) : null,
    // While it runs: an isolated job cannot help itself, and a 2.1.104 does not (measured 2026-11).
    isGateway: job.isGateway,
    onRejection: () => void mend(signals.interruption).catch(() => undefined),
  };
  try {
    const first = await attempt(argv, args, scene, options.retry !== "never");
    const next = secondStart(first, job, scene.input);
    const mended = await helped(first, next !== null, job, signals.interruption);
    let last: LastAttempt = { ...first, ...mended };
    if (mended.isRenewed && next !== null && !signals.interruption.aborted) {
      if (first.output?.isReleased === false) first.output.discard();
      const second = await attempt(next.argv, args, { ...scene, input: next.input }, false);
      last = { ...second, ...NOT_MENDED };
    }
    if (last.output !== null) await handOver(last.output, signals);
    return last;
  } finally {
    signals.stop();
    process.stdin.destroy();
  }
}

/** How the job can be started again; `null` where it must not be. */
function secondStart(
  { isRepeatable, session, output }: Attempt,
  { argv, args, options }: Attempts,
  input: RecordedInput | null,
): (Pick<Attempts, "argv"> & { readonly input: RecordedInput | null }) | null {
  if (options.retry === "never") return null;
  if (isRepeatable) return { argv, input };
  const isKnown = output !== null && session.state === "found" && session.sessionId !== null;
  if (options.retry !== "resume" || args === null || !isKnown) return null;
  const resumed = resumedCommand(args, session.sessionId);
  if (resumed === null) return null;
  return { argv: resumed, input: recordedInput(Readable.from([Buffer.from(RESUMING_PROMPT)])) };
}

/** Does what the verdict calls for. `isRenewed`: a second start can succeed now. */
async function helped(
  { verdict }: Attempt,
  canStartAgain: boolean,
  { options, mend }: Attempts,
  interruption: AbortSignal,
): Promise<Mended> {
  if (verdict.kind === "ok") return NOT_MENDED;
  switch (verdict.row.retry) {
    // Also where this job cannot start again: the next one shall find a good login.
    case "refresh_and_repeat":
    case "look_again":
      return mend(interruption, options.retry !== "never");
    case "wait": {
      const wait = verdict.resetsAt === null ? null : verdict.resetsAt - Date.now();
      const patience = Math.min(options.waitForReset, LONGEST_TIMER);
      if (!canStartAgain || wait === null || wait > patience) return NOT_MENDED;
      await systemClock.sleep(Math.max(0, wait), interruption);
      return { ...NOT_MENDED, isRenewed: !interruption.aborted };
    }
    case "never":
      return NOT_MENDED;
  }
}
