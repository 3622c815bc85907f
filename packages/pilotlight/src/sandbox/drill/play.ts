import { setTimeout as sleep } from "node:timers/promises";
import type { DiskActs } from "./disk-acts.ts";
import type { JobEnded } from "./job-process.ts";
import type { Moment, Refusal } from "./night.ts";
import type { Onlooker } from "./onlooker.ts";
import { ANSWER, type World } from "./world.ts";

/** How the jobs of a world are started. */
export interface Cast {
  /** `pilotlight`, or `null` for the night without it. */
  readonly pilotlight: readonly string[] | null;
  readonly claude: readonly string[];
  /** True for a build from whose jobs the refresh token can be kept. */
  readonly isIsolatable: boolean;
  readonly disks: DiskActs;
}

/** How one job of the night ended. */
export interface JobResult {
  readonly hour: number;
  readonly what: string;
  /** 1 for the first of its moment. */
  readonly job: number;
  readonly exit: number | null;
  /** Exit 0, and the answer is on stdout. */
  readonly succeeded: boolean;
  /** Why it could not succeed, whoever starts it; `null` where it could. */
  readonly refused: Refusal | null;
  /** A failure with exit 0, or without a word on stderr. */
  readonly isSilent: boolean;
  /** What was said, in one line; `null` for a success. */
  readonly reason: string | null;
}

/** A night that is over. */
export interface Played {
  readonly jobs: readonly JobResult[];
  /** The hours in which the login was lost; a person signed in again before the next ones. */
  readonly lost: readonly { readonly hour: number; readonly what: string }[];
  /** Where whoever was to be killed had ended before the token endpoint heard of it. */
  readonly survived: readonly { readonly hour: number; readonly what: string }[];
  readonly grants: number;
  /** Refresh tokens that the server saw a second time after it had rotated them. */
  readonly doubleSpends: number;
}

const HOUR = 3_600_000;
/** ms. The newer build gives up on a lock after 7.7 s and takes one that is 60 s old; nobody is to wait for long. */
const LOCK_AGE = 47_000;
const POLL = 20;
const SAID = 160;
/** The older build prints the whole body. */
const API_ERROR = /\{"type":"error".*?"message":"([^"]*)".*/;

/** What a night is played with. */
export interface PlayOptions {
  /** Called after each moment. */
  told(): void;
  readonly onlooker?: Onlooker | null;
  readonly signal: AbortSignal;
}

/** Plays `night` in a world. @throws the reason of `signal` when it aborts. */
export async function play(
  world: World,
  night: readonly Moment[],
  cast: Cast,
  { told, onlooker, signal }: PlayOptions,
): Promise<Played> {
  const jobs: JobResult[] = [];
  const lost: { hour: number; what: string }[] = [];
  const survived: { hour: number; what: string }[] = [];
  let hour = 0;
  let isSignedIn = false;
  for (const moment of night) {
    await world.pass((moment.hour - hour) * HOUR);
    signal.throwIfAborted();
    ({ hour } = moment);
    if (!isSignedIn) world.signIn();
    if (isRehearsed(moment, cast)) {
      await onlooker?.before(moment);
      if (!(await happen(world, moment, cast))) survived.push({ hour, what: moment.what });
      const ended = await runJobs(world, moment, cast);
      jobs.push(...ended);
      await onlooker?.after(moment, ended);
    }
    signal.throwIfAborted();
    isSignedIn = world.hasLogin();
    if (!isSignedIn) lost.push({ hour, what: moment.what });
    told();
  }
  const { refreshes, reuses, replays } = world.sandbox.grants();
  return { jobs, lost, survived, grants: refreshes, doubleSpends: reuses + replays };
}

export function isRehearsed({ disk }: Moment, { disks }: Pick<Cast, "disks">): boolean {
  return disk === undefined || disks !== null;
}

/** Brings the trouble about. @returns false when somebody was to be killed and could not be */
async function happen(world: World, moment: Moment, cast: Cast): Promise<boolean> {
  const { sandbox } = world;
  if (moment.fault !== undefined) sandbox.fault(moment.fault);
  if (moment.isRevoked === true) sandbox.revokeAccess();
  if (moment.isLocked === true) world.leaveLock(LOCK_AGE);
  return moment.kills === undefined || kill(world, commandOf(moment.kills, cast));
}

async function runJobs(world: World, moment: Moment, cast: Cast): Promise<readonly JobResult[]> {
  const argv = onDisk(moment, world, cast, commandOf("job", cast));
  const started = Array.from({ length: moment.jobs }, () => world.start(argv).ended);
  const ended = await Promise.all(started);
  await world.quiet();
  world.sandbox.clearFaults();
  return ended.map((end, index) => resultOf(end, index + 1, moment, cast));
}

/** Without Pilotlight there is no keeper; what keeps a login alive there is a prompt from cron. */
function commandOf(role: "job" | "keeper", { pilotlight, claude }: Cast): readonly string[] {
  const prompt = [...claude, "-p", role === "job" ? "How is the night?" : "Stay signed in."];
  if (pilotlight === null) return prompt;
  return role === "keeper" ? [...pilotlight, "refresh"] : [...pilotlight, "run", "--", ...prompt];
}

function onDisk({ disk }: Moment, world: World, { disks }: Cast, argv: readonly string[]) {
  return disk === undefined || disks === null ? argv : disks.wrap(disk, world.places, argv);
}

/** Starts a command and kills it as soon as the token endpoint has its request. @returns false when it never asked */
async function kill({ sandbox, start }: World, argv: readonly string[]): Promise<boolean> {
  const before = sandbox.tokenPosts().length;
  const victim = start(argv);
  let isOver = false;
  void victim.ended.then(() => (isOver = true));
  while (!isOver && sandbox.tokenPosts().length === before) await sleep(POLL);
  victim.kill();
  await victim.ended;
  return sandbox.tokenPosts().length > before;
}

function resultOf(end: JobEnded, job: number, moment: Moment, { isIsolatable }: Cast): JobResult {
  const { hour, what, refused = null } = moment;
  const { exit, stdout, stderr } = end;
  const succeeded = exit === 0 && stdout.includes(ANSWER);
  const isSilent = !succeeded && (exit === 0 || stderr.trim() === "");
  const reason = succeeded ? null : reasonOf(end);
  const isFree = refused?.onlyWhereNotIsolated === true && isIsolatable;
  return { hour, what, job, exit, succeeded, refused: isFree ? null : refused, isSilent, reason };
}

function reasonOf({ exit, stdout, stderr, isHung }: JobEnded): string {
  if (isHung) return "it had not ended after 2 minutes";
  const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");
  const ours = lines(stderr).findLast((line) => /^pilotlight: [a-z_]+: /.test(line));
  const said = ours ?? lines(stderr).at(-1) ?? lines(stdout).at(-1);
  return said?.trim().replace(API_ERROR, "$1").slice(0, SAID) ?? `not a word, exit ${exit}`;
}
