import { PilotlightError, traitsOf } from "../core/errors.ts";
import { printError } from "./print-error.ts";
import { isCheck, run } from "./run.ts";
import { CHECK_STATES } from "../core/check-state.ts";

const io = {
  env: process.env,
  isTty: process.stderr.isTTY,
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
};

let loss: PilotlightError | null = null;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head -1`) is no failure.
  if (error.code !== "EPIPE") loss = new PilotlightError("output_lost", error.message);
});

const argv = process.argv.slice(2);
const exit = await run(argv, io);
process.exitCode = exit;
process.once("beforeExit", () => {
  if (loss === null || exit !== 0) return;
  io.err(printError(loss));
  process.exitCode = isCheck(argv) ? CHECK_STATES.indexOf("UNKNOWN") : traitsOf(loss.code).exit;
});
