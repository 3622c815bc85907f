import { open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { NO_SESSION, type SessionEvidence } from "../../core/run-evidence.ts";
import { hear, nothingTold, parseFields, textAt, type Told, tracesOf } from "./message-events.ts";
import { nothingKnown, note, type Owner } from "./session-owner.ts";

/** Where to look for what a run wrote. */
export interface SessionSearch {
  readonly configDir: string;
  /** The run's working directory. */
  readonly cwd: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** The session's id, where the output or the command line told it. */
  readonly sessionId: string | null;
  /** Words of the command line of which one is the prompt; none where it came another way. */
  readonly prompts?: readonly string[];
  /** True when the run goes on with a session that was there before. */
  readonly isContinued?: boolean;
}

/** Bytes that are read of a session file; of a longer one only its head and its end, and it is no ground for a repeat. */
const READ_LIMIT = 8 * 1024 * 1024;
const HEAD = 1024 * 1024;

/** Of several files, the last ones are looked into. */
const MOST_READ = 16;

/** ms by which the kernel's clock for files may lag behind. */
const CLOCK_GRAIN = 20;

/**
 * Finds and reads the session file of a run that began at `startedAt`. One whose id was not told is its
 * own only where no other was written meanwhile, and where it began with the run and with its prompt:
 * another Claude Code may work in the same directory, and this run may keep no session. Never throws.
 */
export async function readSession(search: SessionSearch): Promise<SessionEvidence> {
  const base = { ...NO_SESSION, sessionId: search.sessionId };
  const cwd = await realpath(search.cwd).catch(() => search.cwd);
  let paths: readonly string[];
  try {
    paths = await findSessions({ ...search, cwd });
  } catch {
    return { ...base, state: "unreadable" };
  }
  const read: (Written | null)[] = [];
  for (const one of paths.slice(0, MOST_READ)) read.push(await readFile(one, search.startedAt));
  const [path, ...others] = paths;
  const [written] = read;
  if (path === undefined || written === undefined) return base;
  if (others.length === 0 && written === null) return { ...base, state: "unreadable", paths };
  if (others.length > 0 || written === null || !isOwn(written.owner, { ...search, cwd })) {
    const hasAnswer = read.some((one) => one?.told.hasAnswer === true);
    return { ...base, state: "several", paths, hasAnswer };
  }
  const { hasAnswer, hasLastWord, failure } = written.told;
  return {
    state: "found",
    sessionId: search.sessionId ?? basename(path, ".jsonl"),
    paths,
    traces: tracesOf(written.told),
    hasAnswer,
    hasLastWord,
    failure,
  };
}

/** In doubt it is another's. */
function isOwn(owner: Owner, { cwd, sessionId, prompts = [], isContinued }: SessionSearch) {
  if (sessionId !== null) return true;
  if (owner.cwd !== null && owner.cwd !== cwd) return false;
  const isAsked = owner.asked.some((text) => prompts.some((prompt) => holds(text, prompt)));
  if (isContinued === true) return isAsked;
  return owner.isNew && (isAsked || prompts.length === 0);
}

/** What came on standard input follows the words of the command line on a line of its own. */
function holds(text: string, prompt: string): boolean {
  const words = prompt.trim();
  const whole = text.trim();
  return whole.startsWith(words) && /^[^\S\n]*(\n|$)/.test(whole.slice(words.length));
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
  const mangled = projectFolder(search.cwd);
  const isOurs = (name: string) =>
    mangled.length > NAME_LIMIT
      ? name.startsWith(`${mangled.slice(0, NAME_LIMIT)}-`)
      : name === mangled;
  const found: { readonly path: string; readonly at: number }[] = [];
  for (const folder of await namesIn(projects)) {
    if (search.sessionId === null && !isOurs(folder)) continue;
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

/** What a session file tells of its run, and of whose run that was. */
interface Written {
  readonly told: Told;
  readonly owner: Owner;
}

/** @returns `null` when it cannot be read. */
async function readFile(path: string, startedAt: number): Promise<Written | null> {
  try {
    return writtenIn(await readParts(path), startedAt - CLOCK_GRAIN);
  } catch {
    return null;
  }
}

interface Parts {
  readonly lines: readonly string[];
  readonly isWhole: boolean;
  /** Epoch ms, 0 on a file system that does not keep it. */
  readonly bornAt: number;
}

async function readParts(path: string): Promise<Parts> {
  const handle = await open(path, "r");
  try {
    const { size, birthtimeMs: bornAt } = await handle.stat();
    const textOf = async (from: number, to: number) => {
      const buffer = Buffer.alloc(to - from);
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, {
          offset: filled,
          position: from + filled,
        });
        if (bytesRead === 0) throw new Error("the file has shrunk");
        filled += bytesRead;
      }
      return buffer.toString("utf8").split("\n");
    };
    if (size <= READ_LIMIT) return { lines: await textOf(0, size), isWhole: true, bornAt };
    const head = await textOf(0, HEAD);
    const end = await textOf(size - READ_LIMIT + HEAD, size);
    // Where the two do not meet, a line is cut.
    return { lines: [...head.slice(0, -1), ...end.slice(1)], isWhole: false, bornAt };
  } finally {
    await handle.close();
  }
}

/**
 * Reads the lines of a session file. One that is no JSON could have been anything; what an earlier run
 * left in a resumed session is no answer of this one.
 * @param since epoch ms
 */
function writtenIn({ lines, isWhole, bornAt }: Parts, since: number): Written {
  const told = nothingTold();
  told.isUnclear = !isWhole;
  const owner = nothingKnown(bornAt === 0 ? isWhole : bornAt >= since);
  for (const line of lines) {
    if (line.trim() === "") continue;
    const event = parseFields(line);
    if (event === null) {
      told.isUnclear = true;
      continue;
    }
    const isEarlier = Date.parse(textAt(event, "timestamp") ?? "") < since;
    note(owner, event, isEarlier);
    hear(told, event);
    if (!isEarlier || event["type"] !== "assistant") continue;
    told.hasAnswer = false;
    told.hasLastWord = false;
    told.failure = null;
  }
  return { told, owner };
}
