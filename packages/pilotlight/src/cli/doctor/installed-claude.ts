import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ClaudeCommand, findClaude } from "../../claude/build/find-claude.ts";
import { PilotlightError } from "../../core/errors.ts";
import { isObject } from "../../core/json-object.ts";
import type { World } from "./world.ts";

/** Claude Code as it lies on disk here; nothing of it was started. */
export interface InstalledClaude {
  /** `null` where it was not looked for (an npx call) or not found. */
  readonly command: ClaudeCommand | null;
  /** Why there is no command; `null` for an npx call. */
  readonly trouble: PilotlightError | null;
  readonly version: string | null;
}

/** Finds the Claude Code that is configured. An `npx` call is left alone: npm would be started, and may download. */
export async function installedClaude({
  config,
  env,
}: Pick<World, "config" | "env">): Promise<InstalledClaude> {
  if (/^npx\s/.test(config.claude.trim())) return { command: null, trouble: null, version: null };
  try {
    const command = await findClaude(config.claude, env);
    return { command, trouble: null, version: await versionOf(command) };
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    return { command: null, trouble: error, version: null };
  }
}

/** The version in the manifest beside it, or in the name of a natively installed binary (`versions/2.1.329`). */
async function versionOf({ files }: ClaudeCommand): Promise<string | null> {
  for (const file of files) {
    if (/^\d+\.\d+\.\d+$/.test(basename(file))) return basename(file);
    const version = await manifestVersion(join(dirname(file), "package.json"));
    if (version !== null) return version;
  }
  return null;
}

async function manifestVersion(file: string): Promise<string | null> {
  try {
    const manifest: unknown = JSON.parse(await readFile(file, "utf8"));
    if (!isObject(manifest)) return null;
    const { name, version } = manifest;
    if (typeof name !== "string" || typeof version !== "string") return null;
    return name.includes("claude-code") && /^\d+\.\d+\.\d+$/.test(version) ? version : null;
  } catch {
    return null;
  }
}
