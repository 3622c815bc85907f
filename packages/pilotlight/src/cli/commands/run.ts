import { randomUUID } from "node:crypto";
import { endAs, exitStatusOf } from "../../child/child-end.ts";
import { refuseNested } from "../../claude/staging/staging-environment.ts";
import { PilotlightError, traitsOf } from "../../core/errors.ts";
import { type Beat, type Heartbeat, heartbeat } from "../../notify/heartbeat.ts";
import { type Chronicle, chronicle } from "../chronicle.ts";
import { type Config, readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { type JobFlags, readJobOptions } from "../job/job-options.ts";
import { type Job, runJob } from "../job/run-job.ts";
import type { JobEnd } from "../job/say-end.ts";
import { selectLogin } from "../logins.ts";
import { proxiedFetch } from "../proxied-fetch.ts";

/** `pilotlight run -- claude -p …`: the job succeeds or says why. Ends as the job ended. */
export async function run(
  argv: readonly string[],
  flags: JobFlags & { readonly login?: string },
  io: Io,
): Promise<number> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new PilotlightError("usage", "run needs a command after --");
  refuseNested(io.env);
  const options = readJobOptions(flags);
  const config = await readConfig(io.env);
  const login = selectLogin(config, flags.login);
  const noted = chronicle(config.stateDir, login.name);
  const beats = options.ping === null ? null : beatsTo(options.ping, config);
  const job: Job = { argv: [program, ...rest], options, config, login, io, tell: noted.tell };
  const { end } = await told(job, noted, beats);
  if (end.kind === "signalled") endAs(end);
  return exitStatusOf(end);
}

/** Runs the job; history and monitor hear of its end, also where it was not let start. */
async function told(job: Job, noted: Chronicle, beats: Heartbeat | null): Promise<JobEnd> {
  const started = performance.now();
  const warn = (why: string | null) => {
    if (why !== null) job.io.err(`pilotlight: warning: the monitor was not told: ${why}\n`);
  };
  // The job does not wait for it.
  void beats?.send({ kind: "start" });
  const tell = async (exit: number, code: string, requestId: string | null) => {
    const durationMs = Math.round(performance.now() - started);
    noted.note({ kind: "run", code, exit, durationMs, requestId });
    const beat: Beat =
      exit === 0 ? { kind: "success", durationMs } : { kind: "failure", exit, code };
    // The job's output is out; nobody waits for what is written now but the exit status.
    const [why = null] = await Promise.all([beats?.send(beat), noted.write()]);
    warn(why);
  };
  try {
    const ended = await runJob(job);
    await tell(exitStatusOf(ended.end), ended.code, ended.requestId);
    return ended;
  } catch (error) {
    const code = error instanceof PilotlightError ? error.code : "bug";
    await tell(traitsOf(code).exit, code, null);
    throw error;
  }
}

function beatsTo(url: URL, { env }: Config): Heartbeat {
  return heartbeat(url, { fetch: proxiedFetch(env, { isPatient: false }), runId: randomUUID() });
}
