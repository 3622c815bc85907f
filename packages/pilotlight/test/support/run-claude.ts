import { spawn } from "node:child_process";
import type { ClaudeBuild } from "./claude-builds.ts";

export interface ClaudeRun {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ClaudeRunOptions {
  readonly cwd: string;
  /** The whole environment: nothing of this process is added. */
  readonly env: Record<string, string>;
  /** ms, after which its process group is killed. */
  readonly limit?: number;
  /** Sees stdout so far and may answer on stdin, once; stdin is closed from the start unless given. */
  readonly answer?: (stdout: string) => string | null;
}

/** Runs a real Claude Code to its end. */
export function runClaude(
  build: Pick<ClaudeBuild, "command">,
  args: readonly string[],
  { cwd, env, limit = 60_000, answer }: ClaudeRunOptions,
): Promise<ClaudeRun> {
  const [file, ...first] = build.command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...first, ...args], { cwd, env, stdio: "pipe", detached: true });
    let [stdout, stderr] = ["", ""];
    let asked = answer;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const line = asked?.(stdout) ?? null;
      if (line === null) return;
      asked = undefined;
      child.stdin.end(line);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
    child.stdin.on("error", () => {});
    if (answer === undefined) child.stdin.end();
    const end = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    };
    const timer = setTimeout(end, limit);
    process.once("exit", end);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("exit", end);
      resolve({ code, stdout, stderr });
    });
  });
}
