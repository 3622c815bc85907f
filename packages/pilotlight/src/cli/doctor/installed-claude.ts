import { type ClaudeCommand, findClaude } from "../../claude/build/find-claude.ts";
import { versionOf } from "../../claude/build/found-build.ts";
import { PilotlightError } from "../../core/errors.ts";
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
    return { command, trouble: null, version: await versionOf(command.files) };
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    return { command: null, trouble: error, version: null };
  }
}
