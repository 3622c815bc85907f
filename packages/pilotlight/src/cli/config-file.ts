import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { errnoOf, PilotlightError } from "../core/errors.ts";
import type { Fields } from "../core/json-object.ts";
import { readSmallText } from "../disk/read-small-text.ts";

/** A config.toml as it was read. */
export interface ConfigFile {
  readonly path: string;
  readonly source: string;
  readonly table: Fields;
  /** Nobody but its owner may read it, so it may hold a secret. */
  readonly isPrivate: boolean;
}

/** Differs for files that differ; shows nothing of what is in them. */
export function digestOf({ source }: ConfigFile): string {
  return createHash("sha256").update(source).digest("hex");
}

/** Reads the file; an empty one where none is named and none is there. @throws PilotlightError `config_invalid` */
export async function readToml(path: string, isNamed: boolean): Promise<ConfigFile> {
  let source: string;
  try {
    source = (await readSmallText(path)).replace(/^\uFEFF/, "");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" && !isNamed) {
      return { path, source: "", table: {}, isPrivate: true };
    }
    throw new PilotlightError("config_invalid", `${path}: ${(error as Error).message}`);
  }
  // Only a user who has a config file pays for the parser.
  const { parse, TomlError } = await import("smol-toml");
  try {
    return { path, source, table: parse(source), isPrivate: await isPrivate(path) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.split("\n");
    throw new PilotlightError("config_invalid", `${path}:${error.line}: ${reason}`);
  }
}

async function isPrivate(path: string): Promise<boolean> {
  // Windows has no such bits.
  if (process.platform === "win32") return true;
  return stat(path).then(
    ({ mode }) => (mode & 0o077) === 0,
    () => false,
  );
}

/** A path as somebody writes it, `~` included. */
export function absolute(path: string, home: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, home));
}

/** @throws PilotlightError `config_invalid`, with the line on which the key stands */
export function refuse(file: ConfigFile, path: readonly string[], why: string): never {
  const line = lineOf(file.source, path);
  const place = line === null ? file.path : `${file.path}:${line}`;
  throw new PilotlightError("config_invalid", `${place}: ${path.join(".")} ${why}`);
}

/** The line on which a key is set; the parser does not keep it. */
function lineOf(source: string, path: readonly string[]): number | null {
  if (path.length === 0) return null;
  // A key of an inline table is found at the line of its table.
  return lineOfExactly(source, path) ?? lineOf(source, path.slice(0, -1));
}

function lineOfExactly(source: string, path: readonly string[]): number | null {
  let section: readonly string[] = [];
  for (const [index, line] of source.split("\n").entries()) {
    const header = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) section = header.split(".").map(unquote);
    const key = /^\s*([\w."-]+)\s*=/.exec(line)?.[1];
    const here = key === undefined ? section : [...section, ...key.split(".").map(unquote)];
    if ((header ?? key) !== undefined && here.join("\0") === path.join("\0")) return index + 1;
  }
  return null;
}

function unquote(key: string): string {
  return key.trim().replace(/^["']|["']$/g, "");
}
