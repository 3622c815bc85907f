import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { PilotlightError } from "../core/errors.ts";
import type { DurableFiles } from "../core/ports.ts";
import type { ClaudeCommand } from "./find-claude.ts";
import type { Environment } from "./locations.ts";
import { REFRESH_COMMANDS, type RefreshCommand } from "./refresh-command.ts";

/** What a rehearsal found: the command that refreshes, waits and stores on this build, or none. */
export interface Rehearsal {
  readonly command: RefreshCommand | null;
  /** Epoch ms. */
  readonly at: number;
  readonly detail: string;
}

export type Rehearse = (command: ClaudeCommand) => Promise<Rehearsal>;

/** Whether a build takes its credential from CLAUDE_SECURESTORAGE_CONFIG_DIR and leaves the login's own alone. */
export type RehearseIsolation = (command: ClaudeCommand) => Promise<boolean>;

/** A build that may be let near a real login. */
export interface RehearsedClaude {
  readonly argv: ClaudeCommand["argv"];
  readonly build: string;
  readonly command: RefreshCommand;
}

interface Memory {
  readonly schema: 1;
  readonly files: Readonly<Record<string, { readonly stamp: string; readonly hash: string }>>;
  readonly rehearsals: Readonly<Record<string, Rehearsal>>;
  readonly isolations: Readonly<Record<string, boolean>>;
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
  if (rehearsal === undefined || isOldRefusal(rehearsal, options.now)) {
    rehearsal = await options.rehearse(command);
    const rehearsals = { ...memory.rehearsals, [build]: rehearsal };
    await remember({ ...memory, rehearsals }, options);
  }
  if (rehearsal.command === null) {
    throw new PilotlightError("cli_refused", `${command.argv.join(" ")}: ${rehearsal.detail}`);
  }
  return { argv: command.argv, build, command: rehearsal.command };
}

/** Tells, once rehearsed, whether a job of this build can be kept away from the refresh token. */
export async function isolates(
  command: ClaudeCommand,
  options: BuildOptions & { readonly rehearse: RehearseIsolation },
): Promise<boolean> {
  const { build, memory } = await identify(command, options);
  const known = memory.isolations[build];
  if (known !== undefined) return known;
  const does = await options.rehearse(command);
  const isolations = { ...memory.isolations, [build]: does };
  await remember({ ...memory, isolations }, options);
  return does;
}

async function identify(
  command: ClaudeCommand,
  options: BuildOptions,
): Promise<{ readonly build: string; readonly memory: Memory }> {
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
  const build = createHash("sha256").update(hashes.join("\n")).digest("hex").slice(0, 16);
  const isNew = JSON.stringify(files) !== JSON.stringify(memory.files);
  if (isNew) await remember({ ...memory, files }, options);
  return { build, memory: { ...memory, files } };
}

/** What cannot be remembered, as in a container that is read-only, is found out again. */
async function remember(memory: Memory, { memoryFile, files }: BuildOptions): Promise<void> {
  try {
    await mkdir(dirname(memoryFile), { recursive: true, mode: 0o700 });
    await files.write(memoryFile, JSON.stringify(memory));
  } catch {
    return;
  }
}

function isOldRefusal({ command, at }: Rehearsal, now: number): boolean {
  // A time from before the clock was set right must not keep a refusal for years.
  return command === null && Math.abs(now - at) > REFUSAL_KEPT;
}

async function recall(path: string): Promise<Memory> {
  const empty: Memory = { schema: 1, files: {}, rehearsals: {}, isolations: {} };
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch {
    return empty;
  }
  // It is a cache: whatever is not exactly ours costs one more rehearsal.
  const memory = value as Partial<Memory> | null;
  if (memory?.schema !== 1 || !memory.files || !memory.rehearsals) return empty;
  const rehearsals = Object.entries(memory.rehearsals).filter(([, known]) => isRehearsal(known));
  return {
    ...empty,
    files: memory.files,
    rehearsals: Object.fromEntries(rehearsals),
    isolations: memory.isolations ?? {},
  };
}

function isRehearsal(value: unknown): value is Rehearsal {
  const { command, at, detail } = (value ?? {}) as Partial<Rehearsal>;
  const isKnown =
    command === null || (typeof command === "string" && Object.hasOwn(REFRESH_COMMANDS, command));
  return isKnown && typeof at === "number" && typeof detail === "string";
}

async function stampOf(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [dev, ino, size, mtimeNs].join(":");
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
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

async function isShellScript(file: string): Promise<boolean> {
  if (/\.(cmd|bat)$/i.test(file)) return true;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
    const [line = ""] = buffer.subarray(0, bytesRead).toString("latin1").split("\n");
    return line.startsWith("#!") && !/\bnode\b/.test(line);
  } finally {
    await handle.close();
  }
}
