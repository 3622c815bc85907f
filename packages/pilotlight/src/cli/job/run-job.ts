import { type ClaudeArguments, claudeArguments } from "../../claude/claude-arguments.ts";
import { type Choice, chooseCredential } from "../../claude/choose-credential.ts";
import { type JobSettings, readJobSettings } from "../../claude/job-settings.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { Tell } from "../../core/ports.ts";
import { attend } from "../../keeper/attend.ts";
import type { Config, LoginConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { stateOf } from "../state-of.ts";
import { wire } from "../wire.ts";
import { attempts } from "./attempts.ts";
import type { JobOptions } from "./job-options.ts";
import { mender } from "./mender.ts";
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
  const args = claudeArguments(argv, null);
  const settings = await settingsOf(job, args);
  const choice = await choose(job, settings);
  for (const warning of choice.warnings) warn(io, "credential_shadowed", warning);
  if (options.isVerbose) {
    io.err(`pilotlight: the job uses ${choice.effective.source} (${choice.effective.billing})\n`);
  }
  const isStored = choice.effective.source === "claude-file" && args?.isBare !== true;
  const parts = wire(config, login, job.tell);
  const world = { config, login, minTtl: options.minTtl, isolate: options.isolate };
  const command = args?.command ?? null;
  const access = isStored ? await secureAccess(parts, { ...world, command }) : null;
  if (access?.warning) warn(io, access.warning.code, access.warning.detail);
  const mends = access === null ? null : mender(parts, access);
  const attendant =
    access === null || mends === null
      ? null
      : attend(parts, access.credential, {
          mayRefresh: access.mayRefresh,
          onGeneration: mends.shown,
        });
  try {
    const mend = async () => (await mends?.mend()) ?? false;
    if (options.isProved) {
      const stored = access === null ? null : parts;
      const proving = { config, login, args, choice, settings, parts: stored, mend };
      const doubt = await proveAccess(proving);
      if (doubt !== null) io.err(`pilotlight: warning: the credential stays unproved: ${doubt}\n`);
    }
    const last = await attempts({
      argv,
      args,
      options,
      env: envFor(job, choice, access),
      configDir: stateOf(config, login).locations.configDir,
      mend,
    });
    return sayEnd(last, access, io);
  } finally {
    await attendant?.leave();
    await access?.projection?.remove();
  }
}

function settingsOf({ config, login }: Job, args: ClaudeArguments | null): Promise<JobSettings> {
  return readJobSettings({
    userFile: stateOf(config, login).locations.settingsFile,
    cwd: process.cwd(),
    flag: args?.settings ?? null,
  });
}

async function choose({ config, login, options }: Job, settings: JobSettings): Promise<Choice> {
  const isStored = (await stateOf(config, login).store.read()).state !== "absent";
  return chooseCredential(options.auth, {
    env: config.env,
    settings,
    stored: isStored ? "claude-file" : null,
    refuseShadow: config.onShadow === "refuse",
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

function warn(io: Io, code: ErrorCode, detail: string): void {
  io.err(`pilotlight: warning: ${code}: ${detail}\n`);
}
