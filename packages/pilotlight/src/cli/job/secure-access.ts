import { memoryFileIn } from "../../claude/build/build-memory.ts";
import { access, constants, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isolates } from "../../claude/build/claude-build.ts";
import { findClaude } from "../../claude/build/find-claude.ts";
import { locate } from "../../claude/locations.ts";
import { type Projection, projectionIn } from "../../claude/staging/projection.ts";
import { stagingEnvironment } from "../../claude/staging/staging-environment.ts";
import type { Credential } from "../../core/credential.ts";
import { printDuration } from "../../core/duration.ts";
import { type ErrorCode, PilotlightError } from "../../core/errors.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import { refresh } from "../../keeper/refresh.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Config, LoginConfig } from "../config.ts";
import { stateOf } from "../state-of.ts";
import { privateDirectory } from "../proof/private-directory.ts";

export const ISOLATE_MODES = ["auto", "always", "never"] as const;
export type IsolateMode = (typeof ISOLATE_MODES)[number];

/** How a job gets at the stored login. */
export interface Access {
  readonly credential: Credential;
  /** False: the store cannot be written, so nothing is ever spent. */
  readonly mayRefresh: boolean;
  readonly projection: Projection | null;
  /** What a person should know although the job starts. */
  readonly warning: { readonly code: ErrorCode; readonly detail: string } | null;
}

/** With less than this (ms) left, Claude Code itself would refresh at once. */
const LEAST = 5 * 60_000;

/**
 * Makes sure that a job which starts now has a living access token, and decides whether it may hold
 * the refresh token at all.
 * @throws PilotlightError the refresh's own code where no usable token is left; `cannot_persist`
 *   for a store that can be neither written nor isolated from; `cannot_isolate`
 */
export async function secureAccess(
  parts: KeeperParts,
  world: {
    readonly config: Config;
    readonly login: LoginConfig;
    /** The words that start Claude Code, `null` for another command. */
    readonly command: readonly string[] | null;
    readonly minTtl: number;
    readonly isolate: IsolateMode;
  },
): Promise<Access> {
  const { config, login } = world;
  const file = stateOf(config, login).locations.credentialsFile;
  const mayRefresh = await isWritable(file);
  const warning = mayRefresh ? await renewed(parts, world.minTtl) : null;
  const credential = await present(parts, file);
  const left = timeLeft(credential, parts.clock.now());
  if (warning !== null && left <= LEAST) throw new PilotlightError(warning.code, warning.detail);
  if (!mayRefresh && left <= 0) {
    const ended = `its access token ended ${printDuration(left)} ago`;
    const why = credential.accessToken === null ? "it holds no access token" : ended;
    throw new PilotlightError("store_read_only", `${file}, and ${why}`);
  }
  const projection = await projectionFor(world, file, mayRefresh);
  await projection?.show(credential);
  const unknown = "it holds an access token, but its end is unknown";
  const end = left === Infinity ? unknown : `its access token ends in ${printDuration(left)}`;
  const ends = `${file} is read-only here, and ${end}`;
  const announced = mayRefresh ? null : ({ code: "store_read_only", detail: ends } as const);
  return { credential, mayRefresh, projection, warning: warning ?? announced };
}

/** @returns why the wished-for life could not be had, `null` when it could. */
async function renewed(parts: KeeperParts, minTtl: number): Promise<Access["warning"]> {
  try {
    const outcome = await refresh(parts, { force: false, minTtl });
    switch (outcome.kind) {
      case "refreshed":
      case "adopted":
      case "unchanged":
        return null;
      case "deferred":
      case "in_doubt":
      case "dead":
        return { code: outcome.code, detail: outcome.detail };
    }
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    return { code: error.code, detail: error.message };
  }
}

async function present(parts: KeeperParts, file: string): Promise<Credential> {
  const entry = await parts.store.read();
  switch (entry.state) {
    case "present":
      return entry.credential;
    case "absent":
      throw new PilotlightError("no_credential", file);
    case "unreadable":
      throw new PilotlightError(entry.code, `${file}: ${entry.reason}`);
  }
}

/** ms; a token without a date lives until the server says otherwise. */
function timeLeft({ accessToken, expiresAt }: Credential, now: number): number {
  if (accessToken === null) return Number.NEGATIVE_INFINITY;
  return expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt - now;
}

async function projectionFor(
  world: Parameters<typeof secureAccess>[1],
  file: string,
  mayRefresh: boolean,
): Promise<Projection | null> {
  const { config, login, isolate, command } = world;
  // The job's Claude Code looks in its own place only, whatever name the login's file has.
  const isElsewhere =
    locate({ dir: login.dir, credentialsFile: null }, config.env, config.home).credentialsFile !==
    file;
  const isForced = !mayRefresh || isElsewhere;
  const needed = mayRefresh ? "cannot_isolate" : "store_read_only";
  if (isolate === "never" && isForced) {
    throw new PilotlightError(needed, `${file}: a job can use it only isolated`);
  }
  if (isolate === "never" || (isolate === "auto" && !isForced)) return null;
  if (command === null || !(await canIsolate(config, command))) {
    const why =
      command === null
        ? "the command is not recognised as Claude Code (claude, npx …, node …/cli.js)"
        : "this Claude Code reads its credential in one place only";
    const code = isolate === "always" ? "cannot_isolate" : needed;
    throw new PilotlightError(code, `${file}: a job can use it only isolated, and ${why}`);
  }
  if (isolate === "always") await refuseSiblings(file);
  const name = `${login.name}-${process.pid}`;
  return projectionIn(await privateDirectory(config.stateDir, name), durableFiles());
}

async function canIsolate(config: Config, command: readonly string[]): Promise<boolean> {
  const files = durableFiles();
  const setting = command[0] === "npx" ? command.join(" ") : JSON.stringify(command);
  const found = await findClaude(setting, config.env);
  return isolates(found, {
    memoryFile: memoryFileIn(config.stateDir),
    files,
    env: stagingEnvironment(dirname(config.stateDir), config.env, {}),
    rehearse: async (candidate) => {
      const { isolationRehearsal } = await import("../../sandbox/rehearse-isolation.ts");
      return isolationRehearsal({ env: config.env, files })(candidate);
    },
  });
}

/** An isolated job would write a renewed MCP login into a place that is thrown away. */
async function refuseSiblings(file: string): Promise<void> {
  const document = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  if (document["mcpOAuth"] !== undefined) {
    throw new PilotlightError("cannot_isolate", `${file} also holds MCP logins (mcpOAuth)`);
  }
}

/** Without touching it: whether a renewed credential could be stored here. */
async function isWritable(file: string): Promise<boolean> {
  for (const path of [file, dirname(file)]) {
    const isOpen = await access(path, constants.W_OK).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
    if (!isOpen) return false;
  }
  return true;
}
