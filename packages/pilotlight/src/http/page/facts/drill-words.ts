import type { DrillNote } from "../../drill-note.ts";

/** What holds all the night, so that nobody takes the page for a keeper's. */
export const DRILL_WARNING =
  "Nothing here is real: the login is invented, and all traffic stays on this machine. What the page says to type is for a real one.";

/** Which hour it is and what is played, in one sentence or two. */
export function drillWords({ state, hour, hours, what, jobs, without }: DrillNote): string {
  const { ended: count, succeeded: well, unwritten, all } = jobs;
  const missing =
    unwritten === 0 ? "" : ` Of the ${count}, ${unwritten} left no line in the history.`;
  switch (state) {
    case "waiting":
      return "The night begins in a moment.";
    case "playing":
      return `Hour ${hour} of ${hours}: ${what}. ${count} of ${all} jobs have ended, ${well} succeeded.${missing}`;
    case "over": {
      const ended = `The night is over: ${hours} hours, ${count} jobs, ${well} succeeded.${missing}`;
      if (without === null) return ended;
      const { succeeded, silentFailures, lostLogins } = without;
      return `${ended} Without Pilotlight: ${succeeded} succeeded, ${silentFailures} failed silently, and the login was lost ${times(lostLogins)}.`;
    }
  }
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
