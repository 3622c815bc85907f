import { printDuration } from "../../../core/duration.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Epoch ms of an ISO date; `null` where there is none. */
export function parseTime(iso: string | null): number | null {
  const time = iso === null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(time) ? null : time;
}

/** What is left (ms), as it ticks: `25 d 7 h`, `7:59:41`; zero once it is over. */
export function printCountdown(left: number): string {
  const ms = Math.max(0, left);
  const [days, hours] = [Math.floor(ms / DAY), Math.floor((ms % DAY) / HOUR)];
  if (days > 0) return `${days} d ${hours} h`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${hours}:${two((ms % HOUR) / MINUTE)}:${two((ms % MINUTE) / 1000)}`;
}

/** How long ago, or how far ahead, in words. @param span now minus then (ms) */
export function printAge(span: number): string {
  if (Math.abs(span) < 5000) return "just now";
  return span > 0 ? `${printDuration(span)} ago` : `in ${printDuration(span)}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A moment as people here write it: only the clock's time while that is enough. */
export function printMoment(time: number, now: number): string {
  const isToday = new Date(time).toDateString() === new Date(now).toDateString();
  return (isToday ? CLOCK : DATE).format(time);
}

export function printWhole(time: number): string {
  return WHOLE.format(time);
}

export function printUtc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
