import { type ErrorCode, type PilotlightError, traitsOf } from "../core/errors.ts";
import { sentence } from "../core/sentence.ts";
import { printable } from "./printable.ts";

/** The one line for stderr: code, what, where, what to do, and where more is told. */
export function printFailure(code: ErrorCode, detail: string): string {
  const { what, fix, command } = traitsOf(code);
  const typed = command === undefined ? "" : ` ($ ${command})`;
  const more = code === "usage" ? "" : ` More: pilotlight help ${code}`;
  // Where a bug happened takes several lines.
  const told = code === "bug" ? detail.split("\n").map(printable).join("\n") : printable(detail);
  return `pilotlight: ${code}: ${what}: ${told}. ${sentence(fix)}${typed}${more}\n`;
}

export function printError({ code, message }: PilotlightError): string {
  return printFailure(code, message);
}

/** The same for machines (`pilotlight.error/v1`). */
export function errorReport({ code, message }: PilotlightError) {
  const { what, fix, exit, retryable, mover, command } = traitsOf(code);
  return {
    schema: "pilotlight.error/v1",
    code,
    message: `${what}: ${message}`,
    fix,
    command: command ?? null,
    help: `pilotlight help ${code}`,
    by: mover,
    retryable,
    exit,
  };
}
