const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** ms; about 25 days. Node fires a timer that is to take longer at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Reads `30m`, `90s`, `2h`, `500ms` or `1d` as ms; `null` when it is none. */
export function parseDuration(text: string): number | null {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const factor = UNITS[unit];
  return amount === undefined || factor === undefined ? null : Number(amount) * factor;
}

/** Prints ms for people, in the two largest units that say something: `6 h 12 min`. */
export function printDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "an unknown time";
  const seconds = Math.round(Math.abs(ms) / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days >= 3) return `${days} days`;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes >= 5) return `${minutes} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}
