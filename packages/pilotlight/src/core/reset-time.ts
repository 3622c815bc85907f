/** A wall clock's reading, as Claude Code prints it: `3:45pm`, `1am (UTC)`, `Nov 24, 3pm (Europe/Berlin)`. */
const READING =
  /^(?:([A-Z][a-z]{2})[a-z]* (\d{1,2})(?:, (\d{4}))?(?:,| at)? )?(\d{1,2})(?::(\d\d))?\s?([ap])m(?:\s\(([^)]{1,40})\)|(?![\w(]|\s\())/i;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * Tells the next time (epoch ms) at which a clock shows what `words` say; the present minute counts.
 * @param timeZone what the words mean where they name no zone: an IANA name, `null` where it is not known
 * @returns `null` for other words, and for a zone that is not known
 */
export function resetTime(words: string, now: number, timeZone: string | null): number | null {
  const [, month, day, year, hour, minute = "0", half, named] = READING.exec(words) ?? [];
  if (hour === undefined || half === undefined) return null;
  const clock = clockIn(named ?? timeZone);
  if (clock === null || Number(hour) > 12 || Number(minute) > 59) return null;
  const hours = (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  const time = (hours * 60 + Number(minute)) * MINUTE;
  const today = clock(now) - (clock(now) % DAY);
  const start = now - (now % MINUTE);
  for (const date of datesFrom(today, { month, day, year })) {
    const at = instantOf(date + time, clock);
    if (at >= start) return at;
  }
  return null;
}

/** Midnights (ms of a calendar without zones) that can be meant. */
function datesFrom(
  today: number,
  { month, day, year }: { [Part in "month" | "day" | "year"]: string | undefined },
): readonly number[] {
  if (month === undefined) return [today, today + DAY];
  const index = MONTHS.indexOf(month.toLowerCase());
  if (index < 0) return [];
  const thisYear = new Date(today).getUTCFullYear();
  const years = year === undefined ? [thisYear, thisYear + 1] : [Number(year)];
  return years.map((one) => Date.UTC(one, index, Number(day)));
}

/** What the clocks of a zone show at a time: as ms of a calendar without zones. */
type Clock = (time: number) => number;

function clockIn(timeZone: string | null): Clock | null {
  if (timeZone === null) return null;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    return (time) => {
      const parts = format.formatToParts(time);
      const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
      const date = [part("year"), part("month") - 1, part("day")] as const;
      return Date.UTC(...date, part("hour"), part("minute"), part("second"));
    };
  } catch {
    return null;
  }
}

/** The time at which a zone's clocks show `reading`; the second look is for a change to or from summer time. */
function instantOf(reading: number, clock: Clock): number {
  const near = reading - (clock(reading) - reading);
  return near + (reading - clock(near));
}
