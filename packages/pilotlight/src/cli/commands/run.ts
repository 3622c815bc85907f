import { endAs, exitStatusOf } from "../../child/child-end.ts";
import { NESTED_VARIABLE } from "../../claude/staging-environment.ts";
import { PilotlightError } from "../../core/errors.ts";
import { recordHistory } from "../../stores/history.ts";
import { readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { type JobFlags, readJobOptions } from "../job/job-options.ts";
import { runJob } from "../job/run-job.ts";
import { selectLogins } from "../logins.ts";

/** `pilotlight run -- claude -p …`: the job succeeds or says why. Ends as the job ended. */
export async function run(
  argv: readonly string[],
  flags: JobFlags & { readonly login?: string },
  io: Io,
): Promise<number> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new PilotlightError("usage", "run needs a command after --");
  if (io.env[NESTED_VARIABLE] !== undefined) {
    throw new PilotlightError("nested", `${NESTED_VARIABLE} is set`);
  }
  const options = readJobOptions(flags);
  const config = await readConfig(io.env);
  const [login, ...others] = selectLogins(config, flags.login);
  if (login === undefined || others.length > 0) {
    throw new PilotlightError("usage", "several logins are configured: name one with --login");
  }
  const { end, verdict, durationMs } = await runJob({
    argv: [program, ...rest],
    options,
    config,
    login,
    io,
  });
  // The job's output is out; nobody waits for what is written now but the exit status.
  await recordHistory(config.stateDir, [
    {
      at: Date.now(),
      login: login.name,
      kind: "run",
      code: verdict.kind === "ok" ? "ok" : verdict.code,
      exit: exitStatusOf(end),
      durationMs,
      from: null,
      to: null,
      requestId: verdict.kind === "ok" ? null : verdict.requestId,
      detail: null,
    },
  ]);
  if (end.kind === "signalled") endAs(end);
  return exitStatusOf(end);
}
