import type { OutputFormat } from "../../core/run-evidence.ts";
import { readWords } from "./claude-options.ts";

/** What a command line says that starts Claude Code. */
export interface ClaudeArguments {
  /** Program and leading arguments; what follows are Claude Code's own. */
  readonly command: readonly string[];
  readonly arguments: readonly string[];
  readonly isPrint: boolean;
  readonly outputFormat: OutputFormat;
  readonly inputFormat: "text" | "stream-json";
  readonly sessionId: string | null;
  /** `-c`, `--continue`. */
  readonly isContinued: boolean;
  /** `-r`, `--resume`: the session's id, "" where none is named, `null` without the flag. */
  readonly resumes: string | null;
  /** False with `--no-session-persistence`. */
  readonly isPersistent: boolean;
  readonly isBare: boolean;
  readonly settings: string | null;
  /** Which settings files `--setting-sources` lets in: "" with `--restricted`, `null` for all. */
  readonly settingSources: string | null;
  readonly model: string | null;
}

/**
 * Reads a command line. `configured` is how Claude Code is started here, if that is known.
 * @returns `null` when it does not start Claude Code itself, but a shell or a program of somebody's.
 */
export function claudeArguments(
  argv: readonly string[],
  configured: readonly string[] | null = null,
): ClaudeArguments | null {
  const length = commandLength(argv, configured);
  if (length === null) return null;
  const own = argv.slice(length);
  const flags = readFlags(own);
  const format = flags.get("--output-format");
  return {
    command: argv.slice(0, length),
    arguments: own,
    isPrint: flags.has("--print"),
    outputFormat: format === "json" || format === "stream-json" ? format : "text",
    inputFormat: flags.get("--input-format") === "stream-json" ? "stream-json" : "text",
    sessionId: flags.get("--session-id") || null,
    isContinued: flags.has("--continue"),
    resumes: flags.get("--resume") ?? null,
    isPersistent: !flags.has("--no-session-persistence"),
    isBare: flags.has("--bare"),
    settings: flags.get("--settings") || null,
    settingSources: flags.has("--restricted") ? "" : (flags.get("--setting-sources") ?? null),
    model: flags.get("--model") || null,
  };
}

/** Every option by its long name, with its first value, "" where there is none. The last one wins. */
function readFlags(words: readonly string[]): ReadonlyMap<string, string> {
  const options = readWords(words).filter((word) => word.kind === "option");
  return new Map(options.map(({ name, values }) => [name, values[0] ?? ""]));
}

/** How many words start Claude Code; `null` when they start something else. */
function commandLength(
  argv: readonly string[],
  configured: readonly string[] | null,
): number | null {
  if (configured !== null && configured.length > 0 && configured.every((w, i) => argv[i] === w))
    return configured.length;
  const program = nameOf(argv[0] ?? "");
  if (program === "claude") return 1;
  if (program === "npx" || program === "bunx") return packageLength(argv);
  if (program === "node" || program === "bun") return scriptLength(argv);
  return null;
}

/** `C:\Tools\Claude.CMD` is `claude`. */
function nameOf(path: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? "";
  return name.toLowerCase().replace(/\.(exe|cmd|bat|ps1)$/, "");
}

const PACKAGE = /^@anthropic-ai\/claude-code(@[^/]*)?$/;

/** `npx [options] <package> …` or `npx [options] --package <package> [--] <command> …`. */
function packageLength(argv: readonly string[]): number | null {
  let isNamed = false;
  for (let index = 1; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "-p" || word === "--package") {
      index += 1;
      isNamed ||= PACKAGE.test(argv[index] ?? "");
    } else if (word.startsWith("--package=")) {
      isNamed ||= PACKAGE.test(word.slice("--package=".length));
    } else if (!word.startsWith("-")) {
      return PACKAGE.test(word) || (isNamed && nameOf(word) === "claude") ? index + 1 : null;
    }
  }
  return null;
}

const NODE_VALUED = new Set(["-r", "--require", "--import", "--loader", "--env-file", "-C"]);

/** `node [options] …/cli.js`: the package's own script, wherever it was put. */
function scriptLength(argv: readonly string[]): number | null {
  for (let index = 1; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (NODE_VALUED.has(word)) index += 1;
    else if (!word.startsWith("-")) return isClaudeScript(word) ? index + 1 : null;
    else if (/^(-e|-p|--eval|--print)$/.test(word)) return null;
  }
  return null;
}

/** Many packages have a `cli.js`; in a `node_modules` the folder says whose it is. */
function isClaudeScript(path: string): boolean {
  const parts = path.split(/[\\/]/);
  if (!/^cli\.[cm]?js$/i.test(parts.at(-1) ?? "")) return false;
  return !parts.includes("node_modules") || parts.at(-2) === "claude-code";
}
