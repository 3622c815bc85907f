import { setTimeout as sleep } from "node:timers/promises";
import type { Onlooker } from "../../sandbox/drill/onlooker.ts";
import type { DrillView } from "./drill-view.ts";

const HOUR = 3_600_000;
/** ms before the jobs of each hour, so that a person can read what comes, and after them, to see what came of it. */
const PACE = { before: 1_500, after: 1_000 } as const;
/** ms between two looks at the login. */
const LOOK_EVERY = 500;

/** Shows each hour on the page before it is played, and looks at the login all the while. @param signal ends the pauses */
export function drillOnlooker(shown: DrillView, signal: AbortSignal): Onlooker {
  let jobs = { ended: 0, succeeded: 0, unwritten: 0, all: 0 };
  const looks = looksAt(shown);
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  return {
    met(world, night) {
      const hours = night.at(-1)?.hour ?? 0;
      shown.enter(world, hours * HOUR);
      jobs = { ...jobs, all: night.reduce((sum, moment) => sum + moment.jobs, 0) };
      const begin = shown.now();
      const startsAt = new Date(begin).toISOString();
      const endsAt = new Date(begin + hours * HOUR).toISOString();
      shown.say({ hours, jobs, startsAt, endsAt });
    },
    async before({ hour, what, disk }) {
      await looks.once();
      looks.begin();
      shown.say({ state: "playing", hour, what });
      await pause(PACE.before);
      // A full disk is put over the home and taken off again: in between, what lies there is neither.
      if (disk === "full") await looks.end();
    },
    async after(_moment, ended) {
      await looks.once();
      const count = jobs.ended + ended.length;
      const succeeded = jobs.succeeded + ended.filter((job) => job.succeeded).length;
      jobs = { ...jobs, ended: count, succeeded, unwritten: count - shown.jobsNoted() };
      shown.say({ jobs });
      await pause(PACE.after);
    },
    left: () => looks.end(),
  };
}

/** Looks now, or every now and then; one at a time. */
function looksAt(shown: DrillView) {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | null = null;
  const look = () => {
    looking ??= shown.look().finally(() => (looking = null));
    return looking;
  };
  return {
    async once(): Promise<void> {
      // One that is under way may have seen what was there before.
      await looking;
      await look();
    },
    begin(): void {
      // What fails here fails when it is waited for, too.
      timer ??= setInterval(() => void look().catch(() => undefined), LOOK_EVERY);
    },
    /** Sees the last of it. */
    async end(): Promise<void> {
      clearInterval(timer);
      timer = undefined;
      await this.once();
    },
  };
}
