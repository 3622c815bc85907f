import { open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RunTraces, SessionEvidence } from "../../core/run-evidence.ts";
import { hear, nothingTold, parseFields, textAt, type Told, tracesOf } from "./message-events.ts";

/** Where to look for what a run wrote. */
export interface SessionSearch {
  readonly configDir: string;
  /** The run's working directory. */
  readonly cwd: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** The session's id, where the output or the command line told it. */
  readonly sessionId: string | null;
  /** False: any project's session counts; a program of somebody's may start Claude Code anywhere. */
  readonly isInProject?: boolean;
}

/** Bytes that are read of a session file; of a longer one only this much of its end, and it is no ground for a repeat. */
const READ_LIMIT = 8 * 1024 * 1024;

/** Of several files, the last ones are looked into. */
const MOST_READ = 16;

/** ms by which the kernel's clock for files may lag behind. */
const CLOCK_GRAIN = 20;

const NONE: RunTraces = { toolUse: null, assistantMessage: null };

/** Finds and reads the session files that were written since `startedAt`. Never throws. */
export async function readSession(search: SessionSearch): Promise<SessionEvidence> {
  const base = {
    sessionId: search.sessionId,
    traces: NONE,
    hasAnswer: false,
    hasLastWord: false,
    failure: null,
  };
  let paths: readonly string[];
  try {
    paths = await findSessions(search);
  } catch {
    return { ...base, state: "unreadable", paths: [] };
  }
  const [path, ...others] = paths;
  if (path === undefined) return { ...base, state: "none", paths };
  if (others.length > 0) {
    const read: (Told | null)[] = [];
    for (const one of paths.slice(0, MOST_READ)) read.push(await readFile(one, search.startedAt));
    const hasAnswer = read.some((one) => one?.hasAnswer === true);
    return { ...base, state: "several", paths, hasAnswer, failure: read[0]?.failure ?? null };
  }
  const told = await readFile(path, search.startedAt);
  if (told === null) return { ...base, state: "unreadable", paths };
  const { hasAnswer, hasLastWord, failure } = told;
  const sessionId = search.sessionId ?? basename(path, ".jsonl");
  return {
    state: "found",
    sessionId,
    paths,
    traces: tracesOf(told),
    hasAnswer,
    hasLastWord,
    failure,
  };
}

/** Claude Code's name of a project's folder: every UTF-16 unit but ASCII letters and digits is a dash (measured 2026-11). */
export function projectFolder(cwd: string): string {
  return cwd.replace(/[^A-Za-z0-9]/g, "-");
}

/** Longer names are cut here and end in a hash (measured on 2.1.104, 2.1.216 and 2.1.329, 2026-11). */
const NAME_LIMIT = 200;

/** @returns paths, the last written first. */
async function findSessions(search: SessionSearch): Promise<readonly string[]> {
  const projects = join(search.configDir, "projects");
  const mangled = projectFolder(await realpath(search.cwd).catch(() => search.cwd));
  const isOurs = (name: string) =>
    mangled.length > NAME_LIMIT
      ? name.startsWith(`${mangled.slice(0, NAME_LIMIT)}-`)
      : name === mangled;
  const isAnywhere = search.isInProject === false || search.sessionId !== null;
  const found: { readonly path: string; readonly at: number }[] = [];
  for (const folder of await namesIn(projects)) {
    if (!isAnywhere && !isOurs(folder)) continue;
    for (const name of await namesIn(join(projects, folder))) {
      if (!name.endsWith(".jsonl")) continue;
      if (search.sessionId !== null && name !== `${search.sessionId}.jsonl`) continue;
      const path = join(projects, folder, name);
      const file = await stat(path).catch(() => null);
      if (!file?.isFile() || file.mtimeMs < search.startedAt - CLOCK_GRAIN) continue;
      found.push({ path, at: file.mtimeMs });
    }
  }
  return found.toSorted((a, b) => b.at - a.at).map(({ path }) => path);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

/** @returns `null` when it cannot be read. */
async function readFile(path: string, startedAt: number): Promise<Told | null> {
  try {
    const { text, isWhole } = await readEnd(path);
    return toldBy(text, { isWhole, startedAt });
  } catch {
    return null;
  }
}

async function readEnd(
  path: string,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, READ_LIMIT);
    const buffer = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const at = size - length + filled;
      const { bytesRead } = await handle.read(buffer, filled, length - filled, at);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { text: buffer.toString("utf8", 0, filled), isWhole: filled === size };
  } finally {
    await handle.close();
  }
}

/**
 * Reads the lines of a session file. One that is no JSON could have been anything; what an earlier run
 * left in a resumed session is no answer of this one.
 */
function toldBy(
  text: string,
  { isWhole, startedAt }: { readonly isWhole: boolean; readonly startedAt: number },
): Told {
  const told = nothingTold();
  told.isUnclear = !isWhole;
  const lines = text.split("\n");
  // The first line of an end is cut somewhere.
  for (const line of isWhole ? lines : lines.slice(1)) {
    if (line.trim() === "") continue;
    const event = parseFields(line);
    if (event === null) {
      told.isUnclear = true;
      continue;
    }
    hear(told, event);
    if (Date.parse(textAt(event, "timestamp") ?? "") >= startedAt - CLOCK_GRAIN) continue;
    if (event["type"] === "assistant" && textAt(event, "timestamp") !== null) {
      told.hasAnswer = false;
      told.hasLastWord = false;
      told.failure = null;
    }
  }
  return told;
}
