import type { AskResult, Claude } from "pilotlight/orchestrator";
import { printQuestion, SYSTEM } from "../core/print-question.ts";
import type { Answer, Reader } from "../core/reader.ts";
import type { Reading } from "../core/reading.ts";
import { withoutTokens } from "../core/without-tokens.ts";
import { READING } from "./reading-schema.ts";
import { troubleOf } from "./trouble-of.ts";

/** Reads with Claude, by whichever way `claude` was opened for. It gets no tools: messages are data from anybody. */
export function claudeReader(
  claude: Claude,
  { auth, timeoutMs }: { readonly auth: "api-key" | "subscription"; readonly timeoutMs: number },
): Reader {
  return {
    async read(assembly, { signal, onRetry }) {
      try {
        const result = await claude.ask<Reading>({
          system: SYSTEM,
          prompt: printQuestion(assembly),
          schema: READING,
          signal,
          timeoutMs,
          onEvent: (event) => {
            if (event.kind === "retry") onRetry({ code: event.code, inMs: event.inMs });
          },
        });
        return answerOf(result);
      } catch (error) {
        signal.throwIfAborted();
        throw troubleOf(error, auth);
      }
    },
  };
}

function answerOf({ value, ...result }: AskResult<Reading>): Answer {
  // With a schema there is a value, or an error.
  if (value === null) throw new Error("an answer without its value");
  const { usage, costUsd, model, auth, credential, source, backend } = result;
  const { inputTokens, outputTokens, cacheCreationInputTokens, cacheReadInputTokens } = usage;
  const tokens = { inputTokens, outputTokens, cacheCreationInputTokens, cacheReadInputTokens };
  return {
    reading: { ...value, summary: withoutTokens(value.summary) },
    usage: { questions: 1, ...tokens, costUsd, model },
    credential: { auth, kind: credential, source, backend },
  };
}
