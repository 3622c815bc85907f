import { type ClaudeArguments, claudeArguments } from "../../claude/claude-arguments.ts";
import { type Choice, chooseCredential } from "../../claude/choose-credential.ts";
import { readJobSettings } from "../../claude/job-settings.ts";
import type { ChildEnd } from "../../child/child-end.ts";
import { forwardSignals } from "../../child/forward-signals.ts";
import { handOver } from "../../child/pass-through.ts";
import { recordedInput } from "../../child/recorded-input.ts";
import { type Fingerprint, pairOf } from "../../core/credential.ts";
import { type ErrorCode, TRAITS, traitsOf } from "../../core/errors.ts";
import type { RunVerdict } from "../../core/recognise.ts";
import { attend, type Attendant } from "../../keeper/attend.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import { refresh } from "../../keeper/refresh.ts";
import { reject } from "../../keeper/reject.ts";
import type { Config, LoginConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { printFailure } from "../print-error.ts";
import { stateOf } from "../state-of.ts";
import { systemClock } from "../system-clock.ts";
import { wire } from "../wire.ts";
import { type Attempt, attempt, isInputCopied, isWatched, type Scene } from "./attempt.ts";
import type { JobOptions } from "./job-options.ts";
import { type Access, secureAccess } from "./secure-access.ts";

/** What a job is made of. */
export interface Job {
  readonly argv: readonly [string, ...string[]];
  readonly options: JobOptions;
  readonly config: Config;
  readonly login: LoginConfig;
  readonly io: Io;
}

/** How a job ended, and as what this process is to end. */
export interface JobEnd {
  readonly end: ChildEnd;
  readonly verdict: RunVerdict;
  readonly durationMs: number;
}

/**
 * Runs a command with a login that is good: decides the credential, renews it before and while the
 * command runs, recognises an authentication failure, mends it and repeats once where that is safe.
 * @throws PilotlightError where the command must not be started
 */
export async function runJob(job: Job): Promise<JobEnd> {
  const { argv, config, login, options, io } = job;
  const started = performance.now();
  const args = claudeArguments(argv, null);
  const choice = await choose(job, args);
  for (const warning of choice.warnings) warn(io, "credential_shadowed", warning);
  if (options.isVerbose) {
    io.err(`pilotlight: the job uses ${choice.effective.source} (${choice.effective.billing})\n`);
  }
  const isStored = choice.effective.source === "claude-file" && args?.isBare !== true;
  const parts = wire(config, login, () => undefined);
  const world = { config, login, minTtl: options.minTtl, isolate: options.isolate };
  const command = args?.command ?? null;
  const access = isStored ? await secureAccess(parts, { ...world, command }) : null;
  if (access?.warning) warn(io, access.warning.code, access.warning.detail);
  const attendant = access === null ? null : attendTo(parts, access);
  try {
    const last = await attempts(job, args, {
      parts,
      access,
      env: envFor(job, choice, access),
    });
    return { ...last, durationMs: Math.round(performance.now() - started) };
  } finally {
    await attendant?.leave();
    await access?.projection?.remove();
  }
}

async function choose(job: Job, args: ClaudeArguments | null): Promise<Choice> {
  const { config, login, options } = job;
  const { locations, store } = stateOf(config, login);
  const settings = await readJobSettings({
    userFile: locations.settingsFile,
    cwd: process.cwd(),
    flag: args?.settings ?? null,
  });
  const isStored = (await store.read()).state !== "absent";
  return chooseCredential(options.auth, {
    env: config.env,
    settings,
    stored: isStored ? "claude-file" : null,
    refuseShadow: config.onShadow === "refuse",
  });
}

function attendTo(parts: KeeperParts, { credential, mayRefresh, projection }: Access): Attendant {
  return attend(parts, credential, {
    mayRefresh,
    onGeneration: async (next) => projection?.show(next),
  });
}

function envFor({ login }: Job, choice: Choice, access: Access | null): Record<string, string> {
  const env: Record<string, string> = { ...choice.env };
  if (login.dir !== null) env["CLAUDE_CONFIG_DIR"] = login.dir;
  const projected = access?.projection?.directory;
  if (projected !== undefined) env["CLAUDE_SECURESTORAGE_CONFIG_DIR"] = projected;
  else if (login.dir !== null) delete env["CLAUDE_SECURESTORAGE_CONFIG_DIR"];
  return env;
}

interface Stage {
  readonly parts: KeeperParts;
  readonly access: Access | null;
  readonly env: Readonly<Record<string, string>>;
}

/** At most two: what helps once and not twice is not our business. */
async function attempts(
  job: Job,
  args: ClaudeArguments | null,
  stage: Stage,
): Promise<Pick<JobEnd, "end" | "verdict">> {
  const { argv, options, config, login, io } = job;
  const signals = forwardSignals();
  let used = stage.access === null ? null : await currentAccess(stage.parts);
  const mend = async () => {
    const isMended = used !== null && (await mended(stage, used));
    used = stage.access === null ? null : await currentAccess(stage.parts);
    return isMended;
  };
  const scene: Scene = {
    env: stage.env,
    cwd: process.cwd(),
    configDir: stateOf(config, login).locations.configDir,
    signals,
    input: isWatched(args) && isInputCopied() ? recordedInput(process.stdin) : null,
    // Only an isolated job cannot help itself.
    onRejection: () => {
      if (stage.access?.projection) void mend().catch(() => undefined);
    },
  };
  try {
    const mayRepeat = options.retry !== "never";
    const first = await attempt(argv, args, scene, mayRepeat);
    const isHelped = mayRepeat && (await helped(first, options, mend, signals.interruption));
    let last = first;
    if (isHelped && first.isRepeatable && !signals.interruption.aborted) {
      first.output?.discard();
      last = await attempt(argv, args, scene, false);
    }
    if (last.output !== null) await handOver(last.output, signals);
    return { end: sayEnd(last, io), verdict: last.verdict };
  } finally {
    signals.stop();
    process.stdin.destroy();
  }
}

/** Does what the verdict calls for. @returns true when a repeat can succeed now. */
async function helped(
  { verdict, isRepeatable }: Attempt,
  options: JobOptions,
  mend: () => Promise<boolean>,
  interruption: AbortSignal,
): Promise<boolean> {
  if (verdict.kind === "ok") return false;
  switch (verdict.row.retry) {
    case "refresh_and_repeat":
    case "look_again":
      return mend();
    case "wait": {
      if (!isRepeatable) return false;
      const wait = verdict.resetsAt === null ? null : verdict.resetsAt - Date.now();
      if (wait === null || wait > options.waitForReset) return false;
      await systemClock.sleep(Math.max(0, wait), interruption);
      return !interruption.aborted;
    }
    case "never":
      return false;
  }
}

/** Takes the job's 401 as the server's word, and refreshes. @returns true when another generation is there. */
async function mended({ parts, access }: Stage, used: Fingerprint): Promise<boolean> {
  if (access?.mayRefresh === true) {
    await reject(parts, used, "run").catch(() => false);
    await refresh(parts, { force: false, minTtl: 0 }).catch(() => null);
  }
  const entry = await parts.store.read();
  if (entry.state !== "present") return false;
  await access?.projection?.show(entry.credential);
  return pairOf(entry.credential).access !== used;
}

async function currentAccess({ store }: KeeperParts): Promise<Fingerprint | null> {
  const entry = await store.read();
  return entry.state === "present" ? pairOf(entry.credential).access : null;
}

/** Prints the one line where there is something to say. @returns as what to end. */
function sayEnd({ end, verdict }: Attempt, io: Io): ChildEnd {
  if (end.kind === "not_started") {
    io.err(`pilotlight: ${end.message}\n`);
    return end;
  }
  if (verdict.kind === "ok" || !(verdict.code in TRAITS)) return end;
  const code = verdict.code as ErrorCode;
  const said = verdict.text.replace(/\s+/g, " ").slice(0, 500);
  const request = verdict.requestId === null ? "" : ` (request_id ${verdict.requestId})`;
  const reset =
    verdict.resetsAt === null ? "" : ` (resets at ${new Date(verdict.resetsAt).toISOString()})`;
  io.err(printFailure(code, `${said}${request}${reset}` || "nothing was said"));
  const isOurs = verdict.row.exit === "code" && end.kind === "exited";
  return isOurs ? { kind: "exited", code: traitsOf(code).exit } : end;
}

function warn(io: Io, code: ErrorCode, detail: string): void {
  io.err(`pilotlight: warning: ${code}: ${detail}\n`);
}
