import { readdir, readFile, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { PilotlightError } from "../../../core/errors.ts";

/** One line of a scanned file, with continuation lines joined and list syntax smoothed to plain words. */
export interface ScannedLine {
  readonly number: number;
  readonly text: string;
}

/** A file that may start Claude Code, without its comments. */
export interface ScannedFile {
  readonly path: string;
  readonly kind: "unit" | "compose" | "other";
  readonly lines: readonly ScannedLine[];
}

interface Unread {
  readonly path: string;
  readonly why: string;
}

/** What was looked through. */
export interface Scan {
  readonly files: readonly ScannedFile[];
  /** What was named and cannot be looked through; what lies below a named directory is passed over. */
  readonly unread: readonly Unread[];
  /** Files that were left out beyond the limit. */
  readonly leftOut: number;
}

/** Looked for in the working directory without being told. */
const USUAL =
  /^((docker-)?compose([.-].*)?\.ya?ml|(.+\.)?Dockerfile([.-].*)?|crontab|.+\.crontab|.+\.(service|timer))$/i;

const SKIPPED_FOLDERS = new Set(["node_modules", ".git"]);
const DEPTH = 4;
const MOST_FILES = 500;
const MOST_BYTES = 256 * 1024;

/**
 * Reads the files named by `paths` (a directory with what is below it) and the usual ones in `cwd`.
 * @throws PilotlightError `usage` for a path that is not there
 */
export async function scanFiles(cwd: string, paths: readonly string[]): Promise<Scan> {
  const names = await readdir(cwd).catch((): string[] => []);
  const usual = names.filter((name) => USUAL.test(name)).map((name) => join(cwd, name));
  const { named, below, unread } = await filesAt(paths.map((path) => resolve(cwd, path)));
  const found = [...new Set([...named, ...usual, ...below])];
  const chosen = found.slice(0, MOST_FILES);
  const files: ScannedFile[] = [];
  for (const path of chosen) {
    const read = await readScanned(path);
    if (typeof read !== "string") files.push(read);
    else if (named.includes(path)) unread.push({ path, why: read });
  }
  return { files, unread, leftOut: found.length - chosen.length };
}

/** Tells files from directories, and finds what is below these. */
async function filesAt(paths: readonly string[]) {
  const named: string[] = [];
  const below: string[] = [];
  const unread: Unread[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch((error: unknown) => {
      throw new PilotlightError("usage", `--scan ${path}: ${(error as Error).message}`);
    });
    if (!stats.isDirectory()) named.push(path);
    else {
      const files = await walk(path, DEPTH).catch((error: unknown) => error as Error);
      if (files instanceof Error) unread.push({ path, why: files.message });
      else below.push(...files);
    }
  }
  return { named, below, unread };
}

async function walk(directory: string, depth: number): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && depth > 0 && !SKIPPED_FOLDERS.has(entry.name)) {
      files.push(...(await walk(path, depth - 1).catch(() => [])));
    }
    if (files.length > MOST_FILES) break;
  }
  return files;
}

/** @returns why not, for what is no text, too long, or not for us to read */
async function readScanned(path: string): Promise<ScannedFile | string> {
  try {
    const stats = await stat(path);
    // A pipe would wait for a writer, and a device may have no end.
    if (!stats.isFile()) return "it is no regular file";
    if (stats.size > MOST_BYTES) return `it is longer than ${MOST_BYTES / 1024} KiB`;
    // Without a size it is empty, or the system makes it up as it is read: /proc/kmsg waits.
    const text = stats.size === 0 ? "" : await readFile(path, "utf8");
    return text.includes("\0") ? "it is no text" : scanText(path, text);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Splits the text of a file into its lines. */
export function scanText(path: string, text: string): ScannedFile {
  const isYaml = /\.ya?ml$/i.test(path);
  const isCompose = isYaml && /^services:/m.test(text);
  const isUnit =
    /\.(service|timer)$/i.test(path) || extname(basename(path, ".conf")) === ".service";
  const lines: ScannedLine[] = [];
  let joined = "";
  let first = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (joined === "") first = index + 1;
    joined += line;
    if (joined.endsWith("\\")) {
      joined = joined.slice(0, -1);
      continue;
    }
    if (!/^\s*(#(?!!)|\/\/|;)/.test(joined)) lines.push({ number: first, text: smooth(joined) });
    joined = "";
  }
  return { path, kind: isUnit ? "unit" : isCompose ? "compose" : "other", lines };
}

/** `["claude", "auth", "status"]` reads as `claude auth status`, as a shell has it. */
function smooth(line: string): string {
  return line.replace(/["']\s*,\s*["']/g, " ").replace(/[[(]\s*["']|["']\s*[\])]/g, " ");
}
