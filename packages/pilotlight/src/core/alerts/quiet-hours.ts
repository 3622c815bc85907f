const MINUTE = 60_000;
const DAY_MINUTES = 1440;
/** Every offset in use is a multiple of it. */
const STRIDE = 15;

/** Hours of the day in which people sleep, by the clocks of a time zone. */
export interface QuietHours {
  /** Minutes of the day; the start is quiet, the end is not. */
  readonly start: number;
  readonly end: number;
  /** An IANA name. */
  readonly timeZone: string;
}

/** Reads `22:00-07:00`; `null` for what is no span of hours. */
export function parseQuietHours(text: string, timeZone: string): QuietHours | null {
  const [, from = "", to = ""] =
    /^(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})$/.exec(text.trim()) ?? [];
  const [start, end] = [minutesOf(from), minutesOf(to)];
  if (start === null || end === null || start === end) return null;
  return { start, end, timeZone };
}

/** Whether there is such a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

/** When (epoch ms) the quiet hours that `now` lies in end; `null` where it lies in none. By the zone's clocks, also when they change. */
export function quietUntil(quiet: QuietHours | null, now: number): number | null {
  if (quiet === null) return null;
  const clock = clockOf(quiet.timeZone);
  const isQuiet = (time: number) => isIn(quiet, minuteOfDay(clock, time));
  if (!isQuiet(now)) return null;
  const minute = Math.floor(now / MINUTE) * MINUTE;
  let end = minute;
  for (let step = 0; isQuiet(end) && step < (2 * DAY_MINUTES) / STRIDE; step++) {
    end += STRIDE * MINUTE;
  }
  while (end - MINUTE > now && !isQuiet(end - MINUTE)) end -= MINUTE;
  return end;
}

function isIn({ start, end }: QuietHours, minute: number): boolean {
  return start < end ? minute >= start && minute < end : minute >= start || minute < end;
}

function minutesOf(text: string): number | null {
  const [hours = NaN, minutes = NaN] = text.split(":").map(Number);
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : null;
}

/** Making one takes much longer than asking it. */
const CLOCKS = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that is none */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = CLOCKS.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  CLOCKS.set(timeZone, clock);
  return clock;
}

function minuteOfDay(clock: Intl.DateTimeFormat, time: number): number {
  const [hours = 0, minutes = 0] = clock.format(time).split(":").map(Number);
  return hours * 60 + minutes;
}
