import type { Fields } from "../core/json-object.ts";
import type { Ask, AskEvent, AskResult, Plan } from "./ask.ts";

/** One question, ready for a backend. */
export interface Question extends Pick<Ask, "prompt" | "system" | "session"> {
  readonly onEvent: (event: AskEvent) => void;
  readonly plan: Plan;
  readonly model: string | null;
  readonly tools: readonly string[];
  readonly jsonSchema: Fields | null;
  /** Aborted when the caller gives up or the time is over. */
  readonly signal: AbortSignal;
}

/** The tools without what they are bounded to: `Bash` of `Bash(git:*)`. */
export function toolNames(tools: readonly string[]): readonly string[] {
  return tools.map((tool) => tool.replace(/\(.*$/s, ""));
}

/** What a backend brings back. */
export interface Reply extends Omit<AskResult, keyof Plan | "value" | "durationMs" | "attempts"> {
  /** What stands for the structured value; `undefined` where there is none. */
  readonly structured: unknown;
}

/** Puts one question once. @throws ClaudeError; whatever the signal was aborted with; an error of the SDK's own that no verdict knows */
export type AskOnce = (question: Question) => Promise<Reply>;
