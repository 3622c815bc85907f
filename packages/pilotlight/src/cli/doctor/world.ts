import { commandWords } from "../../claude/build/find-claude.ts";
import { foundBuild } from "../../claude/build/found-build.ts";
import { explainWorld } from "../../claude/explaining/explain.ts";
import type { Explanation } from "../../core/explanation.ts";
import type { JobSettings } from "../../claude/precedence/job-settings.ts";
import { jobWorld } from "../../claude/precedence/job-world.ts";
import type { Environment } from "../../claude/locations.ts";
import { effectiveOf, rankSources, storedSourceOn } from "../../claude/precedence/precedence.ts";
import type { Entry } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { loginStatus, type LoginStatus } from "../../core/login-status.ts";
import { EMPTY_RECORD, type JournalRecord, type LoginRecord } from "../../core/ports.ts";
import type { Effective } from "../../core/status-report.ts";
import { type Mount, readMounts } from "../../stores/mount.ts";
import type { Config, LoginConfig } from "../config.ts";
import { type LoginState, stateOf } from "../state-of.ts";
import { isReadOnly } from "../status-report.ts";
import { type Scan, scanFiles } from "./scan/scan-files.ts";

/** What the checks look at. Everything that reads the machine goes through it, so a test can say where. */
export interface World {
  readonly config: Config;
  readonly logins: readonly LoginWorld[];
  readonly env: Environment;
  readonly cwd: string;
  /** Epoch ms. */
  readonly now: number;
  readonly platform: NodeJS.Platform;
  /** Effective user id; `null` where there is none. */
  readonly uid: number | null;
  readonly mounts: readonly Mount[];
  readonly scan: Scan;
  /** A systemd unit, by name or path, whose surroundings are compared with ours. */
  readonly service: string | null;
  /** The version of Claude Code that jobs start, where its files tell it. */
  readonly build: string | null;
}

/** What is known of one login before any check looks further. */
export interface LoginWorld {
  readonly machine: Omit<World, "logins">;
  readonly login: LoginConfig;
  readonly state: LoginState;
  readonly entry: Entry;
  readonly record: LoginRecord;
  readonly journal: JournalRecord | null;
  /** Why record and journal could not be read; they are then empty. */
  readonly stateTrouble: PilotlightError | null;
  readonly status: LoginStatus;
  /** The settings a job meets that is started here. */
  readonly settings: JobSettings;
  readonly effective: Effective;
  /** What a job of no command line in particular would use, and what it meets. */
  readonly explanation: Explanation;
}

/** What the command line says about where to look. */
export interface WorldOptions {
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly now: number;
  readonly scan: readonly string[];
  readonly service: string | null;
}

/** Reads what most checks need, once. @throws PilotlightError `usage` for a `--scan` path that cannot be read */
export async function openWorld(
  config: Config,
  logins: readonly LoginConfig[],
  options: WorldOptions,
): Promise<World> {
  const machine = {
    config,
    env: config.env,
    cwd: options.cwd,
    now: options.now,
    platform: options.platform,
    uid: process.geteuid?.() ?? null,
    mounts: await readMounts(),
    scan: await scanFiles(options.cwd, options.scan),
    service: options.service,
    build: await buildOf(config),
  };
  const worlds = await Promise.all(logins.map((login) => openLoginWorld(machine, login)));
  return { ...machine, logins: worlds };
}

/** A setting that names no command is told by a check of its own. */
async function buildOf({ jobClaude, env }: Config): Promise<string | null> {
  try {
    return await foundBuild(commandWords(jobClaude), env);
  } catch {
    return null;
  }
}

async function openLoginWorld(
  machine: Omit<World, "logins">,
  login: LoginConfig,
): Promise<LoginWorld> {
  const { config, env, cwd, now, platform } = machine;
  const state = stateOf(config, login);
  const entry = await state.store.read();
  const stored = storedSourceOn(platform);
  const { home } = config;
  const here = { env, home, cwd, locations: state.locations, entry, now };
  const place = { ...here, args: null, build: machine.build, storedSource: stored } as const;
  const world = await jobWorld(place, entry.state === "absent" ? null : stored);
  const effective = effectiveOf(rankSources(world));
  const explanation = explainWorld(place, world);
  const { record, journal, stateTrouble } = await readLoginState(state);
  const view = {
    name: login.name,
    configDir: login.dir,
    path: state.locations.credentialsFile,
    driver: config.driver,
  };
  const kept = {
    isKept: platform !== "darwin",
    isReadOnly: await isReadOnly(state.locations.credentialsFile),
    source: stored,
    jitter: state.jitter,
  } as const;
  const status = loginStatus({ ...view, ...kept, entry, record, journal }, now);
  const known = { entry, record, journal, stateTrouble };
  const { settings } = world;
  return { machine, login, state, ...known, status, settings, effective, explanation };
}

async function readLoginState(
  state: LoginState,
): Promise<Pick<LoginWorld, "record" | "journal" | "stateTrouble">> {
  try {
    const [record, journal] = [await state.records.read(), await state.journal.read()];
    return { record, journal, stateTrouble: null };
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    return { record: EMPTY_RECORD, journal: null, stateTrouble: error };
  }
}
