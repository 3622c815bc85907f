import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { errnoOf, PilotlightError } from "../core/errors.ts";
import type { Source } from "../core/login-status.ts";
import type { CredentialKind } from "./ask.ts";
import type { Supervision } from "./supervision.ts";

/** A run that was started. Its streams are missing where the system had no more to give. */
export interface SupervisedRun {
  readonly child: ChildProcess;
  /** Resolves at its end with its exit status; `null` where a signal ended it, or it was never started. */
  readonly ended: Promise<number | null>;
  /** What it said on stderr: the beginning and the end. */
  stderr(): string;
}

/** Characters of stderr that are kept of its beginning, and of its end. */
const KEPT = 16 * 1024;

/**
 * Starts `pilotlight run … -- claude <args>` with its streams in our hands.
 * @throws PilotlightError `config_invalid` where the working directory is not there, `usage` for a command line that no system takes
 */
export function startSupervised(
  supervision: Supervision,
  retry: "safe" | "never",
  args: readonly string[],
): SupervisedRun {
  const child = startedBy(supervision, retry, args);
  let [head, tail] = ["", ""];
  const hear = (text: string): void => {
    const room = KEPT - head.length;
    head += text.slice(0, room);
    tail = (tail + text.slice(room)).slice(-KEPT);
  };
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => resolve(code));
    child.once("error", (error) => {
      hear(`pilotlight could not be started: ${error.message}\n`);
      resolve(null);
    });
  });
  child.stderr?.setEncoding("utf8").on("data", hear);
  // Whoever ends before it has read everything is no error of ours.
  child.stdin?.on("error", () => undefined);
  return { child, ended, stderr: () => head + tail };
}

function startedBy(
  { pilotlight, auth, claude, login, env, cwd }: Supervision,
  retry: "safe" | "never",
  args: readonly string[],
): ChildProcess {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new PilotlightError("config_invalid", `the option cwd: there is no directory ${cwd}`);
  }
  const [program, ...words] = pilotlight;
  const named = login === null ? [] : ["--login", login];
  const asked = ["run", "--verbose", "--auth", auth, "--retry", retry, ...named];
  const argv = [...words, ...asked, "--", ...claude, ...args];
  try {
    return spawn(program, argv, { cwd, env: { ...env }, stdio: "pipe", windowsHide: true });
  } catch (error) {
    if (errnoOf(error) === "E2BIG") {
      const why = "system, schema or tools are longer than a command line may be";
      throw new PilotlightError("usage", why);
    }
    if (errnoOf(error) !== "ERR_INVALID_ARG_VALUE") throw error;
    throw new PilotlightError("usage", "system, schema, tools or an option holds a NUL character");
  }
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
