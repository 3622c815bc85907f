import {
  type ClaudeArguments,
  claudeArguments,
} from "../../claude/command-line/claude-arguments.ts";
import {
  type Choice,
  chooseCredential,
  jobEnvironment,
} from "../../claude/precedence/choose-credential.ts";
import { foundBuild } from "../../claude/build/found-build.ts";
import { commandWords } from "../../claude/build/find-claude.ts";
import { gatewayIn } from "../../claude/precedence/gateway-in.ts";
import type { JobSettings } from "../../claude/precedence/job-settings.ts";
import { jobWorld } from "../../claude/precedence/job-world.ts";
import { type ErrorCode, PilotlightError } from "../../core/errors.ts";
import type { CredentialStore, Tell } from "../../core/ports.ts";
import { attend } from "../../keeper/attend.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import { prove } from "../../keeper/witness.ts";
import type { Config, LoginConfig } from "../config.ts";
import { currentDirectory } from "../current-directory.ts";
import type { Io } from "../io.ts";
import { type SignalPatience, signalPatience } from "../signal-patience.ts";
import { jobPlace } from "../job-place.ts";
import { stateOf } from "../state-of.ts";
import { wire } from "../wire.ts";
import { attempts, type LastAttempt } from "./attempts.ts";
import type { JobOptions } from "./job-options.ts";
import { type Mend, mender, NOT_MENDED, type Trouble } from "./mender.ts";
import { proveAccess } from "./prove-access.ts";
import { type JobEnd, sayEnd } from "./say-end.ts";
import { type Access, secureAccess } from "./secure-access.ts";

/** What a job is made of. */
export interface Job {
  readonly argv: readonly [string, ...string[]];
  readonly options: JobOptions;
  readonly config: Config;
  readonly login: LoginConfig;
  readonly io: Io;
  readonly tell: Tell;
}

/**
 * Runs a command with a login that is good: decides the credential, renews it before and while the
 * command runs, recognises an authentication failure, mends it and starts once more where that is safe.
 * @throws PilotlightError where the command must not be started
 */
export async function runJob(job: Job): Promise<JobEnd> {
  const { argv, config, login, options, io } = job;
  const args = claudeArguments(argv, commandWords(config.jobClaude));
  const { choice, settings } = await choose(job, args);
  const { source, billing } = choice.effective;
  for (const warning of choice.warnings) warn(io, "credential_shadowed", warning);
  if (options.isVerbose) io.err(`pilotlight: the job uses ${source} (${billing})\n`);
  // The key of a sign-in to the Console counts as that file's, too, and is nothing to renew.
  const isStored = source === "claude-file" && billing === "subscription";
  const patience = signalPatience(job.tell, io);
  try {
    const parts = wire(config, login, patience.tell);
    const access = isStored ? await secureAccess(parts, wishesOf(job, args)) : null;
    if (access?.warning) warn(io, access.warning.code, access.warning.detail);
    return await withAccess({ job, args, choice, settings, parts, access, patience });
  } finally {
    patience.stop();
  }
}

/** A job whose credential is chosen and secured. */
interface Secured {
  readonly job: Job;
  readonly args: ClaudeArguments | null;
  readonly choice: Choice;
  readonly settings: JobSettings;
  readonly parts: KeeperParts;
  readonly access: Access | null;
  readonly patience: SignalPatience;
}

async function withAccess(secured: Secured): Promise<JobEnd> {
  const { job, args, choice, settings, parts, access, patience } = secured;
  const { argv, config, login, options, io } = job;
  const alive = keptAlive(parts, access);
  let isWell = false;
  try {
    if (options.mustProve) {
      const mend = () => alive.mend(new AbortController().signal);
      const proving = { config, login, args, choice, settings, parts: access && parts, mend };
      const doubt = await proveAccess(proving);
      if (doubt !== null) io.err(`pilotlight: warning: the credential stays unproved: ${doubt}\n`);
    }
    const signal = patience.pause();
    if (signal !== null) return endedBy(signal);
    const env = envFor(job, choice, access);
    const { configDir } = stateOf(config, login).locations;
    const isGateway = gatewayIn({ ...env, ...settings.env }) !== null;
    const { mend } = alive;
    const last = await attempts({ argv, args, options, env, configDir, isGateway, mend });
    patience.resume();
    const ended = sayEnd(last, { access, source: choice.effective.source }, io);
    isWell = ended.code === "ok";
    if (access !== null && args !== null) await noteProof(parts, access, last);
    return ended;
  } finally {
    patience.resume();
    const trouble = await alive.end();
    if (isWell && trouble !== null) warn(io, trouble.code, trouble.detail);
  }
}

function wishesOf({ config, login, options }: Job, args: ClaudeArguments | null) {
  const { minTtl, isolate } = options;
  return { config, login, minTtl, isolate, command: args?.command ?? null };
}

/** A signal that came before there was a child to get it. */
function endedBy(signal: NodeJS.Signals): JobEnd {
  return { end: { kind: "signalled", signal }, code: "job_failed", requestId: null };
}

/** Renews the login while the job lives, ahead of its end or, by `mend`, after a 401. */
function keptAlive(parts: KeeperParts, access: Access | null): KeptAlive {
  if (access === null) return { mend: async () => NOT_MENDED, end: async () => null };
  const { credential, mayRefresh, projection } = access;
  const { mend, shown, settled } = mender(parts, access);
  const leaving = new AbortController();
  let trouble: Trouble | null = null;
  const attendant = attend(parts, credential, {
    mayRefresh,
    onGeneration: shown,
    onOutcome(outcome) {
      const isTold = outcome.kind === "in_doubt" || outcome.kind === "dead";
      trouble = isTold ? { code: outcome.code, detail: outcome.detail } : null;
    },
  });
  return {
    mend: (signal, maySpend) => mend(AbortSignal.any([signal, leaving.signal]), maySpend),
    async end() {
      leaving.abort();
      await Promise.all([attendant.leave(), settled()]);
      await projection?.remove();
      return trouble;
    },
  };
}

interface KeptAlive {
  readonly mend: Mend;
  /** Waits for no more than a grant in flight. @returns what is wrong with the login by now, although the job may be well */
  end(): Promise<Trouble | null>;
}

/** The credential of the job, and the settings that it meets. */
async function choose(
  { config, login, options }: Job,
  args: ClaudeArguments | null,
): Promise<{ readonly choice: Choice; readonly settings: JobSettings }> {
  const place = await jobPlace(config, login);
  const { locations, entry } = place;
  if (login.envFile !== null) await demandToken(login.envFile, stateOf(config, login).store);
  // What is stored beside an env file is another login.
  const isStored = login.envFile === null && entry.state !== "absent";
  const stored = isStored ? "claude-file" : null;
  const env = jobEnvironment(options.auth, place.env, stored);
  const build = args === null ? null : await foundBuild(args.command, env);
  const [home, cwd, now] = [config.home, currentDirectory(), Date.now()];
  const world = await jobWorld({ env, home, cwd, locations, entry, args, build, now }, stored);
  const refuseShadow = config.onShadow === "refuse";
  const choice = chooseCredential(options.auth, { ...world, refuseShadow });
  return { choice, settings: world.settings };
}

/** Without its token, the job would go by whatever else is here. */
async function demandToken(path: string, store: CredentialStore): Promise<void> {
  const entry = await store.read();
  if (entry.state === "absent") throw new PilotlightError("no_credential", path);
  if (entry.state === "unreadable") throw new PilotlightError(entry.code, entry.reason);
}

/** A job that was answered proves the token it began with, once: what is known already costs nothing. */
async function noteProof(parts: KeeperParts, { credential }: Access, last: LastAttempt) {
  const access = credential.accessToken?.fingerprint;
  if (access === undefined || last.verdict.kind !== "ok") return;
  if (last.session.state !== "found" || !last.session.hasAnswer) return;
  const { verdict } = await parts.records.read();
  // What the server said of this very token by another way is not for us to change.
  if (verdict !== null && verdict.kind !== "ended" && verdict.access === access) return;
  await prove(parts, access, "run").catch(() => false);
}

function envFor({ login }: Job, choice: Choice, access: Access | null): Record<string, string> {
  const env: Record<string, string> = { ...choice.env };
  if (login.dir !== null) env["CLAUDE_CONFIG_DIR"] = login.dir;
  const projected = access?.projection?.directory;
  if (projected !== undefined) env["CLAUDE_SECURESTORAGE_CONFIG_DIR"] = projected;
  else if (login.dir !== null) delete env["CLAUDE_SECURESTORAGE_CONFIG_DIR"];
  return env;
}

function warn(io: Io, code: ErrorCode, detail: string): void {
  io.err(`pilotlight: warning: ${code}: ${detail}\n`);
}
