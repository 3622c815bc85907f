import { lstat, readdir, readFile, stat } from "node:fs/promises";
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

/** What was looked through. */
export interface Scan {
  readonly files: readonly ScannedFile[];
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
 * @throws PilotlightError `usage` for a path that is not there or cannot be read
 */
export async function scanFiles(cwd: string, paths: readonly string[]): Promise<Scan> {
  const names = await readdir(cwd).catch((): string[] => []);
  const found = new Set(names.filter((name) => USUAL.test(name)).map((name) => join(cwd, name)));
  for (const path of paths) {
    for (const file of await filesUnder(resolve(cwd, path))) found.add(file);
  }
  const chosen = [...found].slice(0, MOST_FILES);
  const files: ScannedFile[] = [];
  for (const path of chosen) {
    const file = await readScanned(path);
    if (file !== null) files.push(file);
  }
  return { files, leftOut: found.size - chosen.length };
}

async function filesUnder(path: string): Promise<readonly string[]> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new PilotlightError("usage", `--scan ${path}: ${(error as Error).message}`);
  });
  return stats.isDirectory() ? walk(path, DEPTH) : [path];
}

async function walk(directory: string, depth: number): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && depth > 0 && !SKIPPED_FOLDERS.has(entry.name)) {
      files.push(...(await walk(path, depth - 1)));
    }
    if (files.length > MOST_FILES) break;
  }
  return files;
}

/** `null` for what is no text, too long, or not for us to read. */
async function readScanned(path: string): Promise<ScannedFile | null> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null || !stats.isFile() || stats.size > MOST_BYTES) return null;
  const text = await readFile(path, "utf8").catch(() => "\0");
  return text.includes("\0") ? null : scanText(path, text);
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
