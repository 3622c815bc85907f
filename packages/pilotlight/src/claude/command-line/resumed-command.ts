import type { ClaudeArguments } from "./claude-arguments.ts";
import { readWords, wordsOf } from "./claude-options.ts";

/** What a resumed session is told, on standard input. */
export const RESUMING_PROMPT =
  "The last request failed because the credential was rejected; it has been renewed. Go on where you left off.";

/** Each names a session of its own, or a copy of one. */
const REPLACED = new Set(["--session-id", "--continue", "--resume", "--fork-session"]);

/**
 * The command line that goes on with a job's session: its own options, without its prompt, which the
 * session already holds. The next prompt is expected on standard input.
 * @returns `null` where that cannot be told: events for an input, no session kept, or an option so new
 *   that the word after it may be its value or the prompt.
 */
export function resumedCommand(
  args: ClaudeArguments,
  sessionId: string,
): readonly [string, ...string[]] | null {
  const [program, ...leading] = args.command;
  if (program === undefined || args.inputFormat !== "text" || !args.isPersistent) return null;
  const options = readWords(args.arguments).filter((word) => word.kind === "option");
  if (options.some(({ isKnown }) => !isKnown)) return null;
  const kept = options.filter(({ name }) => !REPLACED.has(name)).flatMap(wordsOf);
  return [program, ...leading, ...kept, `--resume=${sessionId}`];
}
