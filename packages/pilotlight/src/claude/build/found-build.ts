import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isObject } from "../../core/json-object.ts";
import { findClaude } from "./find-claude.ts";
import type { Environment } from "../locations.ts";

/**
 * Tells the version of the Claude Code that a command starts, from the names and manifests around it:
 * nothing is started. @returns `null` where they do not tell
 */
export async function foundBuild(
  command: readonly string[],
  env: Environment,
): Promise<string | null> {
  const pinned = command.map((word) => /^@anthropic-ai\/claude-code@(\d+\.\d+\.\d+)$/.exec(word));
  const [named] = pinned.flatMap((match) => match?.[1] ?? []);
  if (named !== undefined) return named;
  // npx would fetch the package only to find it.
  if (/(^|[\\/])(npx|bunx)(\.\w+)?$/.test(command[0] ?? "") || command.length === 0) return null;
  const found = await findClaude(JSON.stringify(command), env).catch(() => null);
  return found && versionOf(found.files);
}

/** The version that the names and manifests around these files tell; `null` where they do not. */
export async function versionOf(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    const version = (await versionBeside(file)) ?? versionIn(file);
    if (version !== null) return version;
  }
  return null;
}

/** The native installer keeps each build under its version's name: `…/versions/2.1.329`. */
function versionIn(path: string): string | null {
  return /[\\/]versions[\\/](\d+\.\d+\.\d+)(?=[\\/]|$)/.exec(path)?.[1] ?? null;
}

async function versionBeside(file: string): Promise<string | null> {
  for (const folder of [dirname(file), dirname(dirname(file))]) {
    const text = await readFile(join(folder, "package.json"), "utf8").catch(() => "");
    const manifest = manifestIn(text);
    if (manifest !== null) return manifest;
  }
  return null;
}

function manifestIn(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return null;
    const { name, version } = value;
    const isClaude = typeof name === "string" && /^@anthropic-ai\/claude-code\b/.test(name);
    return isClaude && typeof version === "string" ? version : null;
  } catch {
    return null;
  }
}
