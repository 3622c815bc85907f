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
  if (isCheck(argv)) return check(argv.toSpliced(nameIn(argv), 1), io);
  const words = argv[0] === "status" ? argv.slice(1) : argv;
  if (words.every((word) => word === "--json")) {
    return status({ json: words.length > 0 }, io);
  }
  const { dispatch } = await import("./program.ts");
  return dispatch(argv, io);
}

/** Whether a monitor is to be answered, which knows the exit status 0 to 3 and no other. */
export function isCheck(argv: readonly string[]): boolean {
  const isHelp = argv.some((word) => word === "--help" || word === "-h");
  return argv[nameIn(argv)] === "check" && !isHelp;
}

/** The index of the command's name; -1 where there is none. */
function nameIn(argv: readonly string[]): number {
  return argv.findIndex((word) => !word.startsWith("-"));
}

function bugFrom(error: unknown): PilotlightError {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new PilotlightError("bug", scrub(text), { cause: error });
}
