import { execFile } from "node:child_process";
import { inQuotes } from "../../core/login-command.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { Environment } from "../locations.ts";

/** Ends the shell where the terminal cannot be made so wide that no link is broken. */
export const NOT_WIDE = 97;

/** Columns: ten times the longest link measured (2026-11). */
const WIDTH = 4000;

/**
 * The words that start a command on a terminal of its own: util-linux `script`, which every common distribution of Linux has.
 * Nothing is written down: its typescript goes to /dev/null.
 */
export function terminalCommand(argv: readonly string[]): readonly [string, ...string[]] {
  const wide = `stty cols ${WIDTH} rows 50 -echo || exit ${NOT_WIDE}`;
  return ["script", "-qfec", `${wide}; exec ${argv.map(inQuotes).join(" ")}`, "/dev/null"];
}

/** @throws PilotlightError `unsupported` where there is no such `script` */
export async function refuseWithoutTerminal(env: Environment): Promise<void> {
  const said = await new Promise<string>((resolve) => {
    execFile("script", ["--version"], { env: { ...env }, timeout: 10_000 }, (error, stdout) =>
      resolve(error === null ? stdout : ""),
    );
  });
  if (said.includes("util-linux")) return;
  const why = "claude setup-token needs a terminal, which `script` of util-linux gives it";
  const fix =
    "install it (package util-linux or bsdutils), or type `claude setup-token` in a terminal";
  throw new PilotlightError("unsupported", `${why}, and it is not on PATH: ${fix}`);
}
