import { LONGEST_TIMER, printDuration } from "../core/duration.ts";
import { PilotlightError } from "../core/errors.ts";
import type { Ask, AskEvent } from "./ask.ts";

/** What an ask is bounded by. */
interface Limits {
  /** Of the caller, of the time that was given, and of an `onEvent` that throws. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: AskEvent) => void;
  /** Call it at the end. */
  readonly stop: () => void;
}

export function limited({ signal, timeoutMs, onEvent }: Omit<Ask, "prompt" | "schema">): Limits {
  const late = new AbortController();
  const signals = signal === undefined ? [late.signal] : [signal, late.signal];
  const abort = () => {
    const ms = timeoutMs ?? 0;
    const span = ms < 1000 ? `${ms} ms` : printDuration(ms);
    late.abort(new PilotlightError("timed_out", `no answer within ${span}`));
  };
  if (timeoutMs !== undefined && !(timeoutMs > 0)) {
    throw new PilotlightError("usage", `timeoutMs ${timeoutMs} is no number of milliseconds`);
  }
  const isBounded = timeoutMs !== undefined && timeoutMs <= LONGEST_TIMER;
  const timer = isBounded ? setTimeout(abort, timeoutMs) : undefined;
  return {
    signal: AbortSignal.any(signals),
    onEvent(event) {
      // Thrown where a child's output is read, it would be nobody's; and so would a rejection.
      const fail = (error: unknown) => late.abort(error);
      try {
        void Promise.resolve(onEvent?.(event)).catch(fail);
      } catch (error) {
        fail(error);
      }
    },
    stop: () => clearTimeout(timer),
  };
}
