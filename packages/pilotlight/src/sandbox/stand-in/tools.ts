import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ToolUse } from "./ask-model.ts";

/** What the use of a tool gave back to the model. */
interface ToolResult {
  readonly type: "tool_result";
  readonly tool_use_id: string;
  readonly content: string;
  readonly is_error: boolean;
}

/** ms. */
const LIMIT = 120_000;

/** Carries out the use of `Write` or `Bash`, if it is allowed; any other tool is unknown. */
export function useTool(
  use: ToolUse,
  cwd: string,
  allowedTools: readonly string[] | null,
): { readonly result: ToolResult; readonly isDenied: boolean } {
  const isDenied = allowedTools !== null && !allowedTools.includes(use.name);
  const [content, isError] = isDenied
    ? [`Claude requested permissions to use ${use.name}, but you haven't granted it yet.`, true]
    : perform(use, cwd);
  const result = { type: "tool_result", tool_use_id: use.id, content, is_error: isError } as const;
  return { result, isDenied };
}

function perform({ name, input }: ToolUse, cwd: string): [content: string, isError: boolean] {
  switch (name) {
    case "Write":
      return write(resolve(cwd, String(input["file_path"])), String(input["content"]));
    case "Bash": {
      const command = String(input["command"]);
      const ran = spawnSync("/bin/sh", ["-c", command], { cwd, encoding: "utf8", timeout: LIMIT });
      const output = `${ran.stdout}${ran.stderr}`.trimEnd();
      return [output || "(Bash completed with no output)", ran.status !== 0];
    }
    default:
      return [`<tool_use_error>Error: No such tool available: ${name}</tool_use_error>`, true];
  }
}

function write(path: string, content: string): [content: string, isError: boolean] {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return [`File created successfully at: ${path}`, false];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error), true];
  }
}
