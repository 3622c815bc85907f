import type { JobResult, Played } from "./play.ts";

/** What a night came to, on one side. */
export interface Side {
  readonly jobs: number;
  /** Jobs that nothing kept from success, or from a success that costs no login. */
  readonly could: number;
  readonly succeeded: number;
  /** Exit 0, or not a word on stderr. */
  readonly silentFailures: number;
  readonly grants: number;
  readonly doubleSpends: number;
  readonly lostLogins: number;
  readonly lost: Played["lost"];
  readonly survived: Played["survived"];
  readonly failures: readonly JobResult[];
  /** Jobs that succeeded where Pilotlight refuses to start one. */
  readonly lucky: readonly JobResult[];
}

/** Counts. */
export function tally({ jobs, lost, survived, grants, doubleSpends }: Played): Side {
  const failures = jobs.filter(({ succeeded }) => !succeeded);
  return {
    jobs: jobs.length,
    could: jobs.filter(({ refused }) => refused === null).length,
    succeeded: jobs.length - failures.length,
    silentFailures: failures.filter(({ isSilent }) => isSilent).length,
    grants,
    doubleSpends,
    lostLogins: lost.length,
    lost,
    survived,
    failures,
    lucky: jobs.filter(({ succeeded, refused }) => succeeded && refused !== null),
  };
}

/** The jobs of a night with Pilotlight that ended otherwise than they should: loud, with the documented code, where none could succeed. */
export function wrongEnds({ failures }: Pick<Side, "failures">): readonly JobResult[] {
  return failures.filter(
    ({ refused, exit, isSilent, reason }) =>
      refused === null ||
      exit !== refused.exit ||
      isSilent ||
      reason?.startsWith("pilotlight: ") !== true,
  );
}
