import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Source } from "../core/login-status.ts";
import type { CredentialKind } from "./ask.ts";
import type { Supervision } from "./supervision.ts";

/** A run that was started. */
export interface SupervisedRun {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves at its end with its exit status; `null` where a signal ended it, or it was never started. */
  readonly ended: Promise<number | null>;
  /** The end of what it said on stderr. */
  stderr(): string;
}

/** Bytes of stderr that are kept. */
const KEPT = 16 * 1024;

/** Starts `pilotlight run … -- claude <args>` with its streams in our hands. */
export function startSupervised(
  { pilotlight, auth, claude, login, env, cwd }: Supervision,
  retry: "safe" | "never",
  args: readonly string[],
): SupervisedRun {
  const [program, ...words] = pilotlight;
  const named = login === null ? [] : ["--login", login];
  const asked = ["run", "--verbose", "--auth", auth, "--retry", retry, ...named];
  const child = spawn(program, [...words, ...asked, "--", ...claude, ...args], {
    cwd,
    env: { ...env },
    stdio: "pipe",
    windowsHide: true,
  });
  let kept = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    kept = (kept + text).slice(-KEPT);
  });
  // Whoever ends before it has read everything is no error of ours.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => resolve(code));
    child.once("error", (error) => {
      kept += `${error.message}\n`;
      resolve(null);
    });
  });
  return { child, ended, stderr: () => kept };
}

/** What Claude Code said there, without what `run` says of itself. */
export function saidBy(stderr: string): string {
  return stderr.replace(/^pilotlight: .*\n?/gm, "").trim();
}

/** What `run` itself said in its one line: why it did not start the job, or what the job's failure means. */
export function lineOf(stderr: string): { readonly code: string; readonly text: string } | null {
  const lines = [...stderr.matchAll(/^pilotlight: (?!warning:)(\w+): (.*)$/gm)];
  const [, code, text] = lines.at(-1) ?? [];
  return code === undefined || text === undefined ? null : { code, text };
}

/** Why `run` could not start the command at all (exit 126 or 127, as a shell has it). */
export function notStartedBy(stderr: string): string {
  return (
    /^pilotlight: (?!warning:|the job uses )(.*)$/m.exec(stderr)?.[1] ?? "it cannot be started"
  );
}

/** The credential of a run, by what `run --verbose` says of it. */
export function credentialOf(stderr: string): {
  readonly source: Source;
  readonly credential: CredentialKind;
} {
  const [, name = "none"] = /^pilotlight: the job uses (\S+) /m.exec(stderr) ?? [];
  const source = name as Source;
  return { source, credential: kindOf(source) };
}

function kindOf(source: Source): CredentialKind {
  switch (source) {
    case "claude-file":
    case "claude-keychain":
      return "oauth";
    case "CLAUDE_CODE_OAUTH_TOKEN":
      return "setup-token";
    case "ANTHROPIC_API_KEY":
    case "ANTHROPIC_AUTH_TOKEN":
    case "apiKeyHelper":
      return "api-key";
    case "profile":
      return "profile";
    case "none":
      return "unknown";
    default:
      return "cloud";
  }
}
