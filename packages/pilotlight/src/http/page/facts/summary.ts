import { printDuration } from "../../../core/duration.ts";
import type { Health, LoginHealth } from "../../../core/health.ts";
import type { HealthReport } from "../../answers/health.ts";
import { parseTime } from "./print-time.ts";

/** Everything in one sentence. */
export interface Summary {
  readonly tone: Health;
  readonly sentence: string;
  /** What to type, where it is the same for all who need somebody. */
  readonly command: string | null;
  /** What of it is news when it changes: no countdown. */
  readonly gist: string;
}

/** Whether a person or an admin has to act. */
export function isForPeople({ action }: LoginHealth): boolean {
  return action?.by === "person" || action?.by === "admin";
}

/** Tells how all is at `now` (epoch ms), the worst first. */
export function summaryOf(report: HealthReport, now: number): Summary {
  const { logins, ticking, health } = report;
  if (!ticking) {
    return told("down", "The keeper stands still and renews nothing. Restart pilotlight keep.");
  }
  if (logins.length === 0) return told("starting", "No login is kept here.");
  const waiting = logins.filter(isForPeople);
  if (waiting.length > 0) return needing(waiting, logins.length, now);
  const ill = logins.filter((login) => login.health === health);
  const names = named(ill);
  const next = nextOf(health === "ok" ? logins : ill, now);
  switch (health) {
    case "down":
      return told(health, `${names} cannot be used. ${next("Next try")}`, `${names} down`);
    case "starting":
      return told(health, "Looking at the logins for the first time.");
    case "degraded": {
      const isFailing = ill.every(({ trouble }) => trouble !== null);
      const what = isFailing ? `renewals of ${names} fail` : `not all is well with ${names}`;
      return told(health, `Jobs run, but ${what}. ${next("Next try")}`, `Jobs run, but ${what}`);
    }
    case "ok":
      return told(health, `All well. ${next("Next renewal")}`, "All well");
  }
}

function told(tone: Health, sentence: string, gist = sentence): Summary {
  return { tone, sentence, command: null, gist };
}

function needing(waiting: readonly LoginHealth[], all: number, now: number): Summary {
  const isDown = waiting.some(({ health }) => health === "down");
  const isOne = waiting.length === 1;
  const count = all === 1 ? "The login" : `${waiting.length} of ${all} logins`;
  const verb = isOne ? "needs" : "need";
  const isAdmin = waiting.every(({ action }) => action?.by === "admin");
  const whom = isAdmin ? "an administrator" : "you";
  const until = isDown ? null : firstEnd(waiting, now);
  const when = until === null ? "" : ` within ${printDuration(until - now)}`;
  const commands = new Set(waiting.map(({ action }) => action?.command ?? null));
  const gist = `${count} ${verb} ${whom}${all === 1 ? "" : `: ${named(waiting)}`}`;
  const [command = null] = commands.size === 1 ? commands : [];
  const sentence =
    all === 1
      ? `${count} ${verb} ${whom}${when}.`
      : `${count} ${verb} ${whom}${when}: ${named(waiting)}.`;
  return { tone: isDown ? "down" : "degraded", sentence, command, gist };
}

function firstEnd(logins: readonly LoginHealth[], now: number): number | null {
  const ends = logins.flatMap(({ loginEndsAt }) => parseTime(loginEndsAt) ?? []);
  const ahead = ends.filter((end) => end > now);
  return ahead.length < logins.length ? null : Math.min(...ahead);
}

function named(logins: readonly LoginHealth[]): string {
  const names = logins.map(({ name }) => name);
  const more = names.length - 3;
  if (more > 0) return `${names.slice(0, 3).join(", ")} and ${more} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** When the keeper acts next. */
function nextOf(logins: readonly LoginHealth[], now: number): (what: string) => string {
  const times = logins.flatMap(({ nextAttemptAt }) => parseTime(nextAttemptAt) ?? []);
  if (logins.some(({ activity }) => activity === "refreshing"))
    return () => "A renewal is under way.";
  if (times.length > 0) {
    const left = Math.min(...times) - now;
    return (what) => (left < 1000 ? `${what} now.` : `${what} in ${printDuration(left)}.`);
  }
  const isStandby = logins.every(({ activity }) => activity === "standby");
  return () =>
    isStandby ? "Another keeper renews; this one stands by." : "Nothing is to be renewed.";
}
