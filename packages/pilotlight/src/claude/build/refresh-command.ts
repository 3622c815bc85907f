/**
 * The commands of Claude Code that refresh an expired credential *and wait* until it is stored, best
 * first. `mcp list` asks for no inference (from 2.1.126 on); `prompt` names a model that does not exist.
 * Never `auth status` or `doctor`: on many builds they exit before saving and lose the rotation
 * (measured on 14 builds, 2026-11).
 */
export const REFRESH_COMMANDS = {
  "mcp-list": (debugFile: string) => ["--debug-file", debugFile, "mcp", "list"],
  // prettier-ignore
  prompt: (_debugFile: string) =>
    ["-p", ".", "--model", "none-such", "--max-turns", "1", "--output-format", "json"],
} as const satisfies Record<string, (debugFile: string) => readonly string[]>;

export type RefreshCommand = keyof typeof REFRESH_COMMANDS;
