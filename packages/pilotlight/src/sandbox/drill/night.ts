import type { Fault } from "../fault.ts";

/** What keeps a job from success here, whatever it does; `exit` is how Pilotlight then ends. */
export interface Refusal {
  readonly exit: number;
  readonly why: string;
  /** It holds only for builds that read their credential in one place, from which a job cannot be kept away. */
  readonly onlyWhereNotIsolated?: boolean;
}

/** One hour in which jobs run, and what goes wrong in it. Everything but a revocation is over when its jobs are. */
export interface Moment {
  /** Since the sign-in; not before that of the moment before. */
  readonly hour: number;
  /** What happens, for people. */
  readonly what: string;
  readonly fault?: Fault;
  /** The server revokes the access token ahead of its end. */
  readonly isRevoked?: boolean;
  /** A refresh lock lies there, and nothing says whose it is. */
  readonly isLocked?: boolean;
  /** Dies by SIGKILL while the token endpoint is answering it: an extra job, or whatever keeps the login alive. */
  readonly kills?: "job" | "keeper";
  readonly disk?: Disk;
  /** How many jobs start, at once. */
  readonly jobs: number;
  readonly refused?: Refusal;
  /** It is part of the short night, too. */
  readonly isShort?: boolean;
}

/** `full`: not a byte is left in the home directory. `read-only`: the credential file is mounted `:ro`. */
export type Disk = "full" | "read-only";

const THROTTLED: Fault = { name: "token-429", retryAfter: 2 };
const FORBIDDEN: Fault = { name: "token-403-html" };
const DROPPED: Fault = { name: "token-reset" };
const SLOW: Fault = { name: "token-slow", delayMs: 1_500, rotateAt: "start" };

/**
 * The night. A token lives 8 hours, as at the real server. Pilotlight renews it in its last 2 hours and Claude Code by
 * itself in the last 5 minutes, so the two need the server at different hours: each outage comes once to either.
 * In the long pauses nobody runs anything, and both find an ended token.
 */
export const NIGHT: readonly Moment[] = [
  { hour: 0, what: "somebody signs in", jobs: 1, isShort: true },
  { hour: 3, what: "the token is revoked early", isRevoked: true, jobs: 1, isShort: true },
  { hour: 3.5, what: "half an hour after the revocation", jobs: 1 },
  { hour: 13, what: "the token has ended", jobs: 5, isShort: true },
  { hour: 19.5, what: "the last two hours of a token", jobs: 1, isShort: true },
  { hour: 21.5, what: "the token endpoint throttles (429)", fault: THROTTLED, jobs: 2 },
  { hour: 22, what: "the throttling is over", jobs: 1 },
  { hour: 26, what: "it throttles again", fault: THROTTLED, jobs: 2, isShort: true },
  { hour: 28, what: "the throttling is over", jobs: 1, isShort: true },
  { hour: 30.5, what: "the edge answers with a 403 page", fault: FORBIDDEN, jobs: 2 },
  { hour: 31, what: "the edge lets requests through", jobs: 1 },
  { hour: 34.5, what: "another 403 page", fault: FORBIDDEN, jobs: 2 },
  { hour: 36.5, what: "the edge lets requests through", jobs: 1 },
  { hour: 39.5, what: "answers are dropped before the server rotates", fault: DROPPED, jobs: 2 },
  { hour: 40, what: "answers arrive again", jobs: 1 },
  { hour: 43, what: "answers are dropped again", fault: DROPPED, jobs: 2 },
  { hour: 45, what: "answers arrive again", jobs: 5 },
  {
    hour: 55,
    what: "the keeper is killed in mid-refresh",
    fault: SLOW,
    kills: "keeper",
    jobs: 2,
    isShort: true,
  },
  { hour: 56, what: "an hour after the kill", jobs: 1, isShort: true },
  {
    hour: 65,
    what: "a job is killed in mid-refresh",
    fault: SLOW,
    kills: "job",
    jobs: 2,
    isShort: true,
  },
  { hour: 66, what: "an hour after the kill", jobs: 1, isShort: true },
  { hour: 75, what: "a lock was left behind", isLocked: true, jobs: 1 },
  { hour: 76, what: "an hour after the lock", jobs: 1 },
  { hour: 82, what: "the disk is full, the token lives", disk: "full", jobs: 1 },
  {
    hour: 85,
    what: "the disk is full, the token has ended",
    disk: "full",
    jobs: 1,
    isShort: true,
    refused: { exit: 73, why: "no new token can be kept on a full disk" },
  },
  { hour: 86, what: "the disk has room again", jobs: 1, isShort: true },
  {
    hour: 87,
    what: "the file is mounted :ro, the token lives",
    disk: "read-only",
    jobs: 1,
    isShort: true,
    refused: {
      exit: 73,
      why: "this build would lose the login if it renewed a file that it cannot write",
      onlyWhereNotIsolated: true,
    },
  },
  {
    hour: 96,
    what: "the file is mounted :ro, the token has ended",
    disk: "read-only",
    jobs: 1,
    refused: { exit: 73, why: "no new token can be kept in a read-only file" },
  },
  { hour: 97, what: "the file can be written again", jobs: 1 },
];

/** Some of its hours, with an outage that is renewed across, and everything that kills and fills. */
export const SHORT_NIGHT = NIGHT.filter(({ isShort }) => isShort);

/** The same night with at most `most` jobs at once, for a Claude Code that takes its time to start. */
export function withFewerJobs(night: readonly Moment[], most: number): readonly Moment[] {
  return night.map((moment) => ({ ...moment, jobs: Math.min(moment.jobs, most) }));
}
