import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { isObject } from "../core/json-object.ts";
import type { ClaudeCommand } from "./find-claude.ts";

/** What is remembered of a build. */
export interface RecalledBuild {
  readonly build: string;
  /** The command that refreshes on it, `null` where it was refused; why, in `detail`. */
  readonly rehearsal: { readonly command: string | null; readonly detail: string } | null;
  /** Whether a job of it can be kept away from the refresh token; `null` where that was not tried. */
  readonly isolates: boolean | null;
}

/**
 * Looks up in `memoryFile`, without starting anything and without writing, what `rehearsedClaude` remembers.
 * @returns `null` for a build that it has not met in this form, `"wrapper"` for one it would have to start to tell.
 */
export async function recalledBuild(
  { files }: ClaudeCommand,
  memoryFile: string,
): Promise<RecalledBuild | "wrapper" | null> {
  for (const file of files) if (await isShellScript(file)) return "wrapper";
  const memory = await readMemory(memoryFile);
  const parts: string[] = [];
  for (const file of files) {
    const seen = fieldOf(memory["files"], file);
    if (!isObject(seen) || seen["stamp"] !== (await stampOf(file))) return null;
    // The second part is the version of a wrapper, of which there is none here.
    parts.push(String(seen["hash"]), "");
  }
  const build = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
  const rehearsal = fieldOf(memory["rehearsals"], build);
  const isolates = fieldOf(memory["isolations"], build);
  return {
    build,
    rehearsal: isObject(rehearsal)
      ? { command: textOrNull(rehearsal["command"]), detail: textOrNull(rehearsal["detail"]) ?? "" }
      : null,
    isolates: typeof isolates === "boolean" ? isolates : null,
  };
}

async function readMemory(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return isObject(value) && value["schema"] === 1 ? value : {};
  } catch {
    return {};
  }
}

function fieldOf(table: unknown, key: string): unknown {
  return isObject(table) && Object.hasOwn(table, key) ? table[key] : undefined;
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

async function stampOf(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [dev, ino, size, mtimeNs].join(":");
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
