import type { Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Credential, isSamePair, type Pair, pairOf } from "../core/credential.ts";
import { errnoOf, PilotlightError } from "../core/errors.ts";
import type {
  CliLocks,
  CredentialFormat,
  CredentialStore,
  DurableFiles,
  WriteResult,
} from "../core/ports.ts";
import { decideWrite, type Live, type WriteDecision } from "./decide-write.ts";
import { cannotPersist } from "../disk/cannot-persist.ts";
import { removeFile } from "../disk/directory.ts";
import { overwriteFile } from "../disk/overwrite-file.ts";
import { type Document, readDocument } from "../disk/read-document.ts";
import { replaceFile } from "../disk/replace-file.ts";
import { sweepTempsOf } from "../disk/temp-file.ts";
import { durableFiles } from "./durable-files.ts";
import { chooseMode, proveInPlace, proveRename, type WriteMode } from "./write-mode.ts";

export interface FileStoreParts {
  /** The credential file. A symlink stays one: its target is read and written. */
  readonly path: string;
  readonly format: CredentialFormat;
  readonly locks: CliLocks;
  readonly mode: WriteMode;
  /** Proves the directory; the real disk by default. */
  readonly files?: DurableFiles;
}

/** How long (ms) a writer that truncates first, as Claude Code 2.1.104 does, may need until its document is whole. */
const TORN_PATIENCE = 50;

/** Errors of a rename that say: this name cannot be replaced here. The file itself may still take the document. */
const IRREPLACEABLE = ["EBUSY", "EXDEV", "EPERM", "EACCES"];

/** A login in a file, in the format that it is given. */
export function fileStore(parts: FileStoreParts): CredentialStore {
  const { locks, path } = parts;
  return {
    read: async () => (await readLive(parts)).entry,

    withLock: (task, patience) => locks.withRefreshLocks(task, patience),

    proveWritable: () => prove(parts),

    async write(next, expected, lock) {
      const held = await locks.withWriteLock(async (writeLock) => {
        const mayCommit = async () => (await lock.isHeld()) && (await writeLock.isHeld());
        return writeLocked(parts, next, expected, mayCommit);
      });
      // Nothing was written and the keeper looks again: the same as losing the lock late.
      return "busy" in held ? { kind: "lock_lost" } : held.done;
    },

    async remove(lock) {
      const held = await locks.withWriteLock(async (writeLock) => {
        const mayCommit = async () => (await lock.isHeld()) && (await writeLock.isHeld());
        return removeLocked(parts, mayCommit);
      });
      return "busy" in held ? { kind: "lock_lost" } : held.done;
    },
  };

  async function prove({ mode, files = durableFiles() }: FileStoreParts): Promise<void> {
    const found = await find(path);
    if (found === null) return files.prove(dirname(path));
    const { target, stats } = found;
    const chosen = await chooseMode(mode, target, stats);
    await (chosen === "rename" ? proveRename(target, stats, files) : proveInPlace(target, stats));
  }
}

type FoundLive = Live & { readonly document: Document };

async function readLive(parts: FileStoreParts): Promise<FoundLive> {
  const live = await readOnce(parts);
  if (live.entry.state !== "unreadable" || live.entry.code !== "credential_corrupt") return live;
  await sleep(TORN_PATIENCE);
  return readOnce(parts);
}

async function readOnce({ path, format }: FileStoreParts): Promise<FoundLive> {
  const document = await readDocument(path);
  switch (document.kind) {
    case "absent":
      return { text: null, entry: { state: "absent" }, document };
    case "unreadable":
      return { text: null, entry: document.entry, document };
    case "text": {
      const entry = format.parse(document.text);
      if (entry.state !== "unreadable") return { text: document.text, entry, document };
      return {
        text: document.text,
        entry: { ...entry, reason: `${path}: ${entry.reason}` },
        document,
      };
    }
  }
}

async function writeLocked(
  parts: FileStoreParts,
  next: Credential,
  expected: Pair | null,
  mayCommit: () => Promise<boolean>,
): Promise<WriteResult> {
  const live = await readLive(parts);
  const decision = decideWrite(parts.format, live, next, expected);
  if (decision.kind !== "commit") return decision;
  const { target, stats } = await foundFor(parts.path, live.document);
  try {
    await sweepTempsOf(target, "all");
    const isCommitted =
      stats === null
        ? await replaceFile(target, decision.text, { keep: null, mayCommit })
        : await commitText(parts.mode, target, stats, decision.text, mayCommit);
    if (!isCommitted) return { kind: "lock_lost" };
  } catch (error) {
    throw cannotPersist(parts.path, error);
  }
  return verify(parts, next, expected, decision);
}

async function removeLocked(
  parts: FileStoreParts,
  mayCommit: () => Promise<boolean>,
): ReturnType<CredentialStore["remove"]> {
  const { document, text } = await readLive(parts);
  if (document.kind === "absent") return { kind: "absent" };
  const rest = text === null ? null : parts.format.without(text);
  try {
    const { target, stats } = await foundFor(parts.path, document);
    const isMount = stats !== null && (await chooseMode(parts.mode, target, stats)) === "in-place";
    if (rest === null && !isMount) {
      if (!(await mayCommit())) return { kind: "lock_lost" };
      await removeFile(target);
      return { kind: "written" };
    }
    const isCommitted =
      stats !== null && (await commitText(parts.mode, target, stats, rest ?? "{}", mayCommit));
    return { kind: isCommitted ? "written" : "lock_lost" };
  } catch (error) {
    throw cannotPersist(parts.path, error);
  }
}

async function commitText(
  configured: WriteMode,
  target: string,
  stats: Stats,
  text: string,
  mayCommit: () => Promise<boolean>,
): Promise<boolean> {
  const mode = await chooseMode(configured, target, stats);
  if (mode === "in-place") return overwriteFile(target, text, mayCommit);
  try {
    return await replaceFile(target, text, { keep: stats, mayCommit });
  } catch (error) {
    if (configured !== "auto" || !IRREPLACEABLE.includes(errnoOf(error) ?? "")) throw error;
    return overwriteFile(target, text, mayCommit);
  }
}

/** Looks at what is really there. Somebody may have come right after us, without the lock; that one wins again. */
async function verify(
  parts: FileStoreParts,
  next: Credential,
  expected: Pair | null,
  { pair }: Extract<WriteDecision, { kind: "commit" }>,
): Promise<WriteResult> {
  const live = await readLive(parts);
  if (live.entry.state === "present" && isSamePair(pairOf(live.entry.credential), pair)) {
    return { kind: "written" };
  }
  const decision = decideWrite(parts.format, live, next, expected);
  if (decision.kind !== "commit") return decision;
  throw new PilotlightError("cannot_persist", `${parts.path}: what was written does not read back`);
}

/** Where the document really is; one too long to be read has no target yet, and one that is to be made no stats. */
async function foundFor(
  path: string,
  document: Document,
): Promise<{ target: string; stats: Stats | null }> {
  if (document.kind === "text") return document;
  if (document.kind === "absent") return { target: path, stats: null };
  const found = await find(path);
  if (found === null) throw new PilotlightError("cannot_persist", `${path}: it went away`);
  return found;
}

/** @returns `null` for a file that is not there. @throws PilotlightError `cannot_persist`. */
async function find(path: string): Promise<{ target: string; stats: Stats } | null> {
  try {
    const target = await realpath(path);
    const stats = await stat(target);
    if (stats.isFile()) return { target, stats };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw cannotPersist(path, error);
  }
  throw new PilotlightError("cannot_persist", `${path}: it is not a file`);
}
