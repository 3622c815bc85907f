import { printDuration } from "../core/duration.ts";
import { PilotlightError } from "../core/errors.ts";
import type { Ask } from "./ask.ts";

/** What an ask is bounded by. */
interface Limits {
  /** Of the caller, of the time that was given, and of an `onEvent` that throws. */
  readonly signal: AbortSignal;
  readonly onEvent: NonNullable<Ask["onEvent"]>;
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
  const timer = timeoutMs === undefined ? undefined : setTimeout(abort, timeoutMs);
  return {
    signal: AbortSignal.any(signals),
    onEvent(event) {
      try {
        onEvent?.(event);
      } catch (error) {
        // Thrown where a child's output is read, it would be nobody's.
        late.abort(error);
      }
    },
    stop: () => clearTimeout(timer),
  };
}
