import { PilotlightError, traitsOf } from "../core/errors.ts";
import { scrub } from "../core/scrub.ts";
import { check } from "./commands/check.ts";
import { status } from "./commands/status.ts";
import type { Io } from "./io.ts";
import { errorReport, printError } from "./print-error.ts";

/** Runs one command line. @returns the exit status; never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await perform(argv, io);
  } catch (error) {
    const known = error instanceof PilotlightError ? error : bugFrom(error);
    if (argv.includes("--json")) io.out(`${JSON.stringify(errorReport(known))}\n`);
    io.err(printError(known));
    return traitsOf(known.code).exit;
  }
}

/** What a monitor runs all day does not pay for the parser of command lines. */
async function perform(argv: readonly string[], io: Io): Promise<number> {
  const name = argv.findIndex((word) => !word.startsWith("-"));
  if (argv[name] === "check" && !argv.some((word) => word === "--help" || word === "-h")) {
    return check(argv.toSpliced(name, 1), io);
  }
  const words = argv[0] === "status" ? argv.slice(1) : argv;
  if (words.every((word) => word === "--json")) {
    return status({ json: words.length > 0 }, io);
  }
  const { dispatch } = await import("./program.ts");
  return dispatch(argv, io);
}

function bugFrom(error: unknown): PilotlightError {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new PilotlightError("bug", scrub(text), { cause: error });
}
