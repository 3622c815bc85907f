import { PilotlightError, TRAITS, type ErrorCode, traitsOf } from "../../core/errors.ts";
import type { Io } from "../io.ts";
import { sentence } from "../print-error.ts";

export interface HelpOptions {
  readonly json?: boolean;
}

/** `pilotlight help <code>`: what an error code means and what to do. */
export function helpOnCode(code: string, options: HelpOptions, io: Io): number {
  if (!Object.hasOwn(TRAITS, code)) {
    const known = Object.keys(TRAITS).join(", ");
    throw new PilotlightError(
      "usage",
      `${JSON.stringify(code)} is no error code (known: ${known})`,
    );
  }
  const { what, fix, command, exit, http, retryable, mover } = traitsOf(code as ErrorCode);
  if (options.json === true) {
    const page = { code, what, fix, command: command ?? null, by: mover, retryable, exit, http };
    io.out(`${JSON.stringify({ schema: "pilotlight.help/v1", ...page })}\n`);
    return 0;
  }
  io.out(`${code}\n\n  ${sentence(what)}\n  ${sentence(fix)}\n`);
  if (command !== undefined) io.out(`    $ ${command}\n`);
  const again = retryable ? "a later try can succeed" : "trying again changes nothing";
  io.out(`\n  exit ${exit} · HTTP ${http} · ${again} · next move: ${mover}\n`);
  return 0;
}
