import { parseDuration } from "../core/duration.ts";
import { PilotlightError } from "../core/errors.ts";

/** Reads a time that was typed, as ms. @param example such as `30m or 4d`. @throws PilotlightError `usage` */
export function readDuration(flag: string, text: string, example: string): number {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new PilotlightError("usage", `${flag} ${text} is no time such as ${example}`);
}
