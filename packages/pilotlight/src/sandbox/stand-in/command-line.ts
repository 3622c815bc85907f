/** What the stand-in is asked to do. */
type Command =
  | { readonly kind: "print"; readonly options: PrintOptions }
  | { readonly kind: "mcp-list" }
  | { readonly kind: "auth-status"; readonly asText: boolean }
  | { readonly kind: "auth-login" }
  | { readonly kind: "version" };

export interface PrintOptions {
  readonly prompt: string | null;
  readonly outputFormat: "text" | "json" | "stream-json";
  readonly readsEvents: boolean;
  readonly model: string | null;
  readonly sessionId: string | null;
  /** The session to go on with; `"latest"` is that of `-c`. */
  readonly resumed: string | null;
  readonly isPersistent: boolean;
  readonly maxTurns: number;
  /** Tools that may run without a question; `null` when every one may. */
  readonly allowedTools: readonly string[] | null;
}

export interface CommandLine {
  readonly command: Command;
  readonly debugFile: string | null;
}

const WITH_VALUE = new Set([
  "--add-dir",
  "--append-system-prompt",
  "--debug-file",
  "--fallback-model",
  "--input-format",
  "--max-turns",
  "--mcp-config",
  "--model",
  "--output-format",
  "--permission-mode",
  "--session-id",
  "--setting-sources",
  "--settings",
  "--system-prompt",
  "--tools",
]);
const WITHOUT = new Set([
  "--claudeai",
  "--continue",
  "--dangerously-skip-permissions",
  "--debug",
  "--include-partial-messages",
  "--json",
  "--no-session-persistence",
  "--print",
  "--replay-user-messages",
  "--strict-mcp-config",
  "--text",
  "--verbose",
  "--version",
]);
const SHORT: Readonly<Record<string, string>> = {
  "-c": "--continue",
  "-d": "--debug",
  "-p": "--print",
  "-r": "--resume",
  "-v": "--version",
};

interface Words {
  readonly flags: ReadonlyMap<string, string>;
  readonly tools: readonly string[];
  readonly rest: readonly string[];
}

/** Reads the arguments that the stand-in knows. @throws Error for one it does not. */
export function commandLine(args: readonly string[]): CommandLine {
  const { flags, tools, rest } = wordsIn(args);
  const debugFile = flags.get("--debug-file") ?? null;
  return { command: commandIn({ flags, tools, rest }), debugFile };
}

function commandIn({ flags, tools, rest }: Words): Command {
  if (flags.has("--version")) return { kind: "version" };
  if (!flags.has("--print")) {
    const name = rest.join(" ");
    if (name === "mcp list") return { kind: "mcp-list" };
    if (name === "auth status") return { kind: "auth-status", asText: flags.has("--text") };
    if (name === "auth login") return { kind: "auth-login" };
    throw new Error("the stand-in knows -p, mcp list, auth status, auth login and --version");
  }
  const format = flags.get("--output-format") ?? "text";
  if (format !== "text" && format !== "json" && format !== "stream-json")
    throw new Error(`--output-format cannot be ${format}`);
  if (format === "stream-json" && !flags.has("--verbose"))
    throw new Error("When using --print, --output-format=stream-json requires --verbose");
  const skips =
    flags.has("--dangerously-skip-permissions") ||
    flags.get("--permission-mode") === "bypassPermissions";
  const options: PrintOptions = {
    prompt: rest[0] ?? null,
    outputFormat: format,
    readsEvents: flags.get("--input-format") === "stream-json",
    model: flags.get("--model") ?? null,
    sessionId: flags.get("--session-id") ?? null,
    resumed: flags.get("--resume") ?? (flags.has("--continue") ? "latest" : null),
    isPersistent: !flags.has("--no-session-persistence"),
    maxTurns: Number(flags.get("--max-turns") ?? Infinity),
    allowedTools: skips ? null : tools,
  };
  return { kind: "print", options };
}

function wordsIn(args: readonly string[]): Words {
  const flags = new Map<string, string>();
  const tools: string[] = [];
  const rest: string[] = [];
  const waiting = [...args];
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    if (!word.startsWith("-") || word === "-") {
      rest.push(word);
      continue;
    }
    const [written = "", joined] = splitOnce(word);
    const name = SHORT[written] ?? written;
    if (/^--allowed-?tools$/i.test(name)) {
      const values = joined === undefined ? takeValues(waiting) : [joined];
      tools.push(...values.flatMap((value) => value.replaceAll(/\([^)]*\)/g, "").split(/[ ,]+/)));
    } else if (name === "--resume") {
      const hasValue = waiting[0] !== undefined && !waiting[0].startsWith("-");
      flags.set(name, joined ?? (hasValue ? waiting.shift() : undefined) ?? "latest");
    } else if (WITH_VALUE.has(name)) {
      const value = joined ?? waiting.shift();
      if (value === undefined) throw new Error(`option '${name}' needs a value`);
      flags.set(name, value);
    } else if (WITHOUT.has(name)) {
      flags.set(name, "");
    } else {
      throw new Error(`unknown option '${name}'`);
    }
  }
  return { flags, tools, rest };
}

/** Takes the words up to the next option. */
function takeValues(waiting: string[]): string[] {
  const end = waiting.findIndex((word) => word.startsWith("-"));
  return waiting.splice(0, end === -1 ? waiting.length : end);
}

function splitOnce(word: string): string[] {
  const at = word.indexOf("=");
  return word.startsWith("--") && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word];
}
