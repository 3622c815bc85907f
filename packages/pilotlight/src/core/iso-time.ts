/** A date (epoch ms) as ISO 8601, `null` where there is none or it is no date at all. */
export function isoOf(time: number | null): string | null {
  return isDate(time) ? new Date(time).toISOString() : null;
}

export function isDate(time: number | null): time is number {
  return time !== null && Math.abs(time) <= 8.64e15;
}
