/** How many words after an option are its own. */
type Shape = "none" | "one" | "many" | "maybe";

const SHAPES: Readonly<Record<Shape, string>> = {
  none: `
    --allow-dangerously-skip-permissions --ax-screen-reader --background --bare --brief --chrome
    --continue --dangerously-skip-permissions --desktop --disable-slash-commands
    --exclude-dynamic-system-prompt-sections --fork-session --forward-subagent-text --help --ide
    --include-hook-events --include-partial-messages --mcp-debug --no-chrome
    --no-session-persistence --print --replay-user-messages --restricted --safe-mode
    --strict-mcp-config --tmux --verbose --version`,
  one: `
    --agent --agents --append-system-prompt --append-system-prompt-file --autocompact --debug-file
    --effort --environment --fallback-model --input-format --json-schema --max-budget-usd
    --max-thinking-tokens --max-turns --model --name --output-format --permission-mode
    --permission-prompt-tool --permission-prompts --plugin-dir --plugin-url
    --remote-control-session-name-prefix --session-id --setting-sources --settings --system-prompt
    --system-prompt-file --system-prompt-snapshot`,
  many: `
    --add-dir --allowedTools --allowed-tools --betas --disallowedTools --disallowed-tools --file
    --mcp-config --tools`,
  maybe: `
    --cloud --debug --from-pr --prompt-suggestions --remote-control --resume --teleport --worktree`,
};

/** The options of Claude Code (`--help` of 2.1.104 and 2.1.329, and those it takes without telling). */
const OPTIONS = new Map(
  Object.entries(SHAPES).flatMap(([shape, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, shape as Shape] as const),
  ),
);

const SHORT: Readonly<Record<string, string>> = {
  c: "--continue",
  d: "--debug",
  h: "--help",
  n: "--name",
  p: "--print",
  r: "--resume",
  v: "--version",
  w: "--worktree",
};

/** An option of a command line by its long name, or a word that is none. */
export type CommandWord =
  | {
      readonly kind: "option";
      readonly name: string;
      readonly values: readonly string[];
      /** False: Claude Code has learned it since, so whether the next word belongs to it is a guess. */
      readonly isKnown: boolean;
    }
  | { readonly kind: "operand"; readonly text: string };

/** Reads Claude Code's own arguments, as its parser does; what follows `--` are operands. */
export function readWords(words: readonly string[]): readonly CommandWord[] {
  const read: CommandWord[] = [];
  const waiting = [...words];
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    const [, long, inline] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    if (word === "--") {
      read.push(...waiting.splice(0).map((text) => ({ kind: "operand", text }) as const));
    } else if (long !== undefined) read.push(option(long, [inline ?? ""]));
    else if (word.startsWith("--")) read.push(option(word, valuesOf(word, waiting)));
    else if (word.startsWith("-") && word !== "-") read.push(...cluster(word.slice(1), waiting));
    else read.push({ kind: "operand", text: word });
  }
  return read;
}

/** The words that say the same: what was joined by `=` where that is optional stays joined. */
export function wordsOf({ name, values }: Extract<CommandWord, { kind: "option" }>): string[] {
  const [value] = values;
  if (OPTIONS.get(name) === "maybe" && value !== undefined) return [`${name}=${value}`];
  return [name, ...values];
}

function option(name: string, values: readonly string[]): CommandWord {
  return { kind: "option", name, values, isKnown: OPTIONS.has(name) };
}

/** `-pc` is `-p -c`, and what follows an `r` in one word is its value. */
function cluster(letters: string, waiting: string[]): CommandWord[] {
  const read: CommandWord[] = [];
  for (const [index, letter] of letters.split("").entries()) {
    const name = SHORT[letter] ?? `-${letter}`;
    const rest = letters.slice(index + 1).replace(/^=/, "");
    const takesValue = (OPTIONS.get(name) ?? "none") !== "none";
    if (takesValue && rest !== "") return [...read, option(name, [rest])];
    read.push(option(name, takesValue ? valuesOf(name, waiting) : []));
  }
  return read;
}

function valuesOf(name: string, waiting: string[]): string[] {
  switch (OPTIONS.get(name) ?? "none") {
    case "none":
      return [];
    // Whatever it looks like: a prompt may begin with a dash.
    case "one":
      return waiting.splice(0, 1);
    case "maybe":
      return waiting[0] === undefined || waiting[0].startsWith("-") ? [] : waiting.splice(0, 1);
    case "many": {
      const end = waiting.findIndex((word) => word.startsWith("-"));
      return waiting.splice(0, end === -1 ? waiting.length : end);
    }
  }
}
