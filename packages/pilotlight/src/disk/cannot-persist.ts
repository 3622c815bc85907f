import { errnoOf, PilotlightError } from "../core/errors.ts";

/** Makes the `cannot_persist` error for `path`: the errno in words, and what to do where that is known. */
export function cannotPersist(path: string, error: unknown, advice?: string): PilotlightError {
  if (error instanceof PilotlightError) return error;
  const detail = `${path}: ${textOf(error)}`;
  const text = advice === undefined ? detail : `${detail}; ${advice}`;
  return new PilotlightError("cannot_persist", text, { cause: error });
}

/** Node's message without the call and the paths that it repeats: `ENOSPC: no space left on device`. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return errnoOf(error) === null ? error.message : (error.message.split(", ")[0] ?? error.message);
}
