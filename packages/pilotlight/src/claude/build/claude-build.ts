import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PilotlightError } from "../../core/errors.ts";
import type { DurableFiles } from "../../core/ports.ts";
import {
  type BuildMemory,
  buildOf,
  recall,
  type Rehearsal,
  remember,
  stampOf,
} from "./build-memory.ts";
import { type ClaudeCommand, isShellScript } from "./find-claude.ts";
import type { Environment } from "../locations.ts";
import type { RefreshCommand } from "./refresh-command.ts";

export type Rehearse = (command: ClaudeCommand) => Promise<Rehearsal>;

/** Whether a build takes its credential from CLAUDE_SECURESTORAGE_CONFIG_DIR and leaves the login's own alone. */
export type RehearseIsolation = (command: ClaudeCommand) => Promise<boolean>;

/** A build that may be let near a real login. */
export interface RehearsedClaude {
  readonly argv: ClaudeCommand["argv"];
  readonly build: string;
  readonly command: RefreshCommand;
}

/** Where builds are remembered, and how their versions are asked for. */
export interface BuildOptions {
  readonly memoryFile: string;
  readonly files: DurableFiles;
  readonly env: Environment;
}

const VERSION_PATIENCE = 30_000;
/** A refusal may have come of a full disk or a busy machine: it is looked at again after this, in ms. */
const REFUSAL_KEPT = 60 * 60_000;

/**
 * Identifies the build by the hash of its files and rehearses it once, before it first touches a
 * real login. Hashes and results are kept in `memoryFile`.
 * @throws PilotlightError `cli_refused` when the build does not store what it refreshes.
 */
export async function rehearsedClaude(
  command: ClaudeCommand,
  options: BuildOptions & { readonly now: number; readonly rehearse: Rehearse },
): Promise<RehearsedClaude> {
  const { build, memory } = await identify(command, options);
  let rehearsal = memory.rehearsals[build];
  if (rehearsal === undefined || (rehearsal.command === null && isOld(rehearsal, options.now))) {
    rehearsal = await options.rehearse(command);
    const rehearsals = { ...memory.rehearsals, [build]: rehearsal };
    await remember({ ...memory, rehearsals }, options.memoryFile, options.files);
  }
  if (rehearsal.command === null) {
    throw new PilotlightError("cli_refused", `${command.argv.join(" ")}: ${rehearsal.detail}`);
  }
  return { argv: command.argv, build, command: rehearsal.command };
}

/** Tells, once rehearsed, whether a job of this build can be kept away from the refresh token; a no is kept for an hour. */
export async function isolates(
  command: ClaudeCommand,
  options: BuildOptions & { readonly rehearse: RehearseIsolation; readonly now?: number },
): Promise<boolean> {
  const { now = Date.now() } = options;
  const { build, memory } = await identify(command, options);
  const known = memory.isolations[build];
  if (known !== undefined && (known.does || !isOld(known, now))) return known.does;
  const does = await options.rehearse(command);
  const isolations = { ...memory.isolations, [build]: { does, at: now } };
  await remember({ ...memory, isolations }, options.memoryFile, options.files);
  return does;
}

async function identify(
  command: ClaudeCommand,
  options: BuildOptions,
): Promise<{ readonly build: string; readonly memory: BuildMemory }> {
  const memory = await recall(options.memoryFile);
  const files = { ...memory.files };
  const hashes: string[] = [];
  for (const file of command.files) {
    const stamp = await stampOf(file);
    const seen = files[file];
    const hash = seen?.stamp === stamp ? seen.hash : await hashOf(file);
    files[file] = { stamp, hash };
    hashes.push(hash, await wrappedVersion(file, command, options.env));
  }
  const build = buildOf(hashes);
  const isNew = JSON.stringify(files) !== JSON.stringify(memory.files);
  if (isNew) await remember({ ...memory, files }, options.memoryFile, options.files);
  return { build, memory: { ...memory, files } };
}

function isOld({ at }: { readonly at: number }, now: number): boolean {
  // A time from before the clock was set right must not keep a refusal for years.
  return Math.abs(now - at) > REFUSAL_KEPT;
}

const PIECE = 2 ** 20;

/** In one buffer: a stream's many would stay in a daemon's memory (34 MiB after the 361 MB of 2.1.329, measured 2026-11). */
async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(PIECE);
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, PIECE, null);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** A shell wrapper stays the same when the Claude Code behind it changes, so it is asked for the version. */
async function wrappedVersion(
  file: string,
  command: ClaudeCommand,
  env: Environment,
): Promise<string> {
  if (!(await isShellScript(file))) return "";
  const [program, ...args] = command.argv;
  const version = promisify(execFile)(program, [...args, "--version"], {
    env: { ...env },
    timeout: VERSION_PATIENCE,
  });
  return (await version.catch(() => ({ stdout: "" }))).stdout.trim();
}
