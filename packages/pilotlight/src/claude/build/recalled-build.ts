import { buildOf, recall, stampOf } from "./build-memory.ts";
import { type ClaudeCommand, isShellScript } from "./find-claude.ts";

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
  const memory = await recall(memoryFile);
  const parts: string[] = [];
  for (const file of files) {
    const seen = fieldOf(memory.files, file);
    if (seen?.stamp !== (await stampOf(file))) return null;
    // The second part is the version of a wrapper, of which there is none here.
    parts.push(seen.hash, "");
  }
  const build = buildOf(parts);
  return {
    build,
    rehearsal: fieldOf(memory.rehearsals, build) ?? null,
    isolates: fieldOf(memory.isolations, build)?.does ?? null,
  };
}

function fieldOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
