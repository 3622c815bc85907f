import { printDuration } from "../core/duration.ts";
import { PilotlightError } from "../core/errors.ts";
import type { Ask } from "./ask.ts";

/** Joins the caller's signal and the time that an ask was given. Call `stop` at its end. */
export function limited({ signal, timeoutMs }: Pick<Ask, "signal" | "timeoutMs">): {
  readonly signal: AbortSignal;
  readonly stop: () => void;
} {
  const late = new AbortController();
  const signals = signal === undefined ? [late.signal] : [signal, late.signal];
  const abort = () => {
    const span = printDuration(timeoutMs ?? 0);
    late.abort(new PilotlightError("timed_out", `no answer within ${span}`));
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(abort, timeoutMs);
  return { signal: AbortSignal.any(signals), stop: () => clearTimeout(timer) };
}
