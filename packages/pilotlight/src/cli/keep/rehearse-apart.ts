import { execFile } from "node:child_process";
import type { Rehearsal } from "../../claude/build/build-memory.ts";
import type { Rehearse } from "../../claude/build/claude-build.ts";
import type { Environment } from "../../claude/locations.ts";
import { PilotlightError } from "../../core/errors.ts";
import { scrub } from "../../core/scrub.ts";
import { launcher } from "../generate/installation.ts";

/** ms; a rehearsal of two commands that hang takes a minute. */
const PATIENCE = 5 * 60_000;

/**
 * Rehearses builds in a process of its own: a daemon would keep the sandbox's memory for ever (60 MiB, measured 2026-11).
 * @throws PilotlightError `timed_out` when it was interrupted; nothing is known of the build then
 */
export function rehearseApart(env: Environment): Rehearse {
  return (command) =>
    new Promise((resolve, reject) => {
      const words = [launcher(), "rehearse", JSON.stringify(command)];
      const options = { env: { ...env }, timeout: PATIENCE };
      execFile(process.execPath, words, options, (error, stdout, stderr) => {
        if (error === null) return resolve(JSON.parse(stdout) as Rehearsal);
        const said = scrub(stderr).trim().split("\n").at(-1) ?? "";
        reject(new PilotlightError("timed_out", `the rehearsal did not come to its end: ${said}`));
      });
    });
}
