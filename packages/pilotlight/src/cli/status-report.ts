import { access, constants, stat } from "node:fs/promises";
import type { Place } from "../claude/explaining/explain.ts";
import { type JobWorld, jobWorld } from "../claude/precedence/job-world.ts";
import { effectiveOf, rankSources, storedSourceOn } from "../claude/precedence/precedence.ts";
import { SETUP_TOKEN, tokenIn } from "../claude/token-credential.ts";
import type { Entry } from "../core/credential.ts";
import { errnoOf } from "../core/errors.ts";
import { EMPTY_RECORD } from "../core/ports.ts";
import { loginStatus, type LoginView, type Source } from "../core/login-status.ts";
import type { StatusReport } from "../core/status-report.ts";
import type { Config, LoginConfig } from "./config.ts";
import { visitedDirectory } from "./current-directory.ts";
import { readEnvFile } from "../stores/read-env-file.ts";
import { jobPlace } from "./job-place.ts";
import { stateOf } from "./state-of.ts";
import { tokenLogin } from "./token-login.ts";

/** Reads what there is to know of the logins: no write, no network, no process. */
export async function statusReport(
  config: Config,
  logins: readonly LoginConfig[],
  now: number,
): Promise<StatusReport> {
  return (await statusIn(config, logins, now)).report;
}

/** A status, and what a job of the first login meets. */
interface StatusInWorld {
  readonly report: StatusReport;
  /** What the report's logins were told from. */
  readonly views: readonly LoginView[];
  readonly place: Place;
  readonly world: JobWorld;
}

/** The same, and the world that a job of the first login meets. */
export async function statusIn(
  config: Config,
  logins: readonly LoginConfig[],
  now: number,
): Promise<StatusInWorld> {
  const stored = await Promise.all(logins.map((login) => viewOf(config, login)));
  const hasStored = stored.some(({ entry }) => entry.state !== "absent");
  const place = await placeOf(config, logins, now);
  const isInFile = logins[0]?.envFile == null ? hasStored : place.entry.state !== "absent";
  const world = await jobWorld(place, isInFile ? place.storedSource : null);
  const effective = effectiveOf(rankSources(world));
  const env = { ...config.env, ...world.settings.env };
  const standIn = hasStored ? null : await standInView(config, effective.source, env);
  const views = standIn !== null && isUnconfigured(logins) ? [standIn] : stored;
  const report: StatusReport = {
    schema: "pilotlight.status/v1",
    generatedAt: new Date(now).toISOString(),
    effective,
    logins: views.map((view) => loginStatus(view, now)),
  };
  return { report, views, place, world };
}

/** Where no login is asked for, what Claude Code finds by itself. */
const UNNAMED: LoginConfig = {
  name: "default",
  dir: null,
  credentialsFile: null,
  write: "auto",
  envFile: null,
};

/** Where a job stands that is started here. */
async function placeOf(
  config: Config,
  [login = UNNAMED]: readonly LoginConfig[],
  now: number,
): Promise<Place> {
  const { env, locations, entry } = await jobPlace(config, login);
  const here = { env, home: config.home, cwd: visitedDirectory(), locations, entry, now };
  return { ...here, args: null, build: null, storedSource: storedSourceOn(process.platform) };
}

/** Reads one login: no write, no network, no process. */
export async function viewOf(config: Config, login: LoginConfig): Promise<LoginView> {
  const { locations, store, journal, records, jitter } = stateOf(config, login);
  const path = locations.credentialsFile;
  const isFile = process.platform !== "darwin" || (await exists(path));
  if (login.envFile !== null) return envFileView(config, login, login.envFile);
  return {
    name: login.name,
    configDir: login.dir,
    source: isFile ? "claude-file" : "claude-keychain",
    path: isFile ? path : null,
    driver: config.driver,
    entry: await store.read(),
    record: await records.read(),
    journal: await journal.read(),
    jitter,
    isKept: process.platform !== "darwin",
    isReadOnly: await isReadOnly(path),
  };
}

/** A token in an env file: nothing of it can be refreshed, whoever may write there. */
async function envFileView(config: Config, login: LoginConfig, path: string): Promise<LoginView> {
  const { store, records, jitter } = stateOf(config, login);
  const file = await readEnvFile(path);
  const held = file.kind === "variables" ? tokenIn(file.variables) : null;
  return {
    name: login.name,
    configDir: null,
    source: held?.source ?? SETUP_TOKEN,
    path,
    driver: config.driver,
    entry: await store.read(),
    record: await records.read(),
    journal: null,
    jitter,
    isKept: false,
    isReadOnly: false,
  };
}

/** A login that somebody configured is not stood in for: whoever named it wants to know that it is gone. */
export function isUnconfigured(logins: readonly LoginConfig[]): boolean {
  return logins.every(({ name, envFile }) => name === "default" && envFile === null);
}

/** Whatever Claude Code uses instead stands in for a login where nothing is stored: nothing of it can be refreshed. */
async function standInView(
  config: Config,
  source: Source,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoginView | null> {
  // With nothing stored, that file can only hold the key of a sign-in to the Console.
  if (source === "none" || source === storedSourceOn(process.platform)) return null;
  const credential = await tokenLogin(config, { [source]: env[source] });
  const entry: Entry = credential === null ? { state: "absent" } : { state: "present", credential };
  const { driver } = config;
  const view = {
    name: "default",
    configDir: null,
    source,
    path: null,
    driver,
    entry,
    record: EMPTY_RECORD,
    journal: null,
  };
  return { ...view, jitter: 0, isKept: false, isReadOnly: false };
}

/**
 * True for a store on a read-only file system, and for one that was replaced where it is mounted from
 * (it has no name left, so nobody would see what is written). Permissions do not count: a monitor may be
 * another user than the job.
 */
export async function isReadOnly(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  if (stats?.nlink === 0) return true;
  return access(path, constants.W_OK).then(
    () => false,
    (error: unknown) => errnoOf(error) === "EROFS",
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
