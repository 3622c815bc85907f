const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|msec)$/, 1],
  [/^(s|sec|seconds?)?$/, 1000],
  [/^(m|min|minutes?)$/, 60_000],
  [/^(h|hr|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
];

/** Reads a time as timeout(1), systemd and Compose write it (`90`, `1min 30s`, `1m30s`, `infinity`); ms, `null` when it is none. */
export function timeSpan(text: string): number | null {
  const trimmed = text.trim().replace(/^["']|["']$/g, "");
  if (trimmed === "infinity") return Number.POSITIVE_INFINITY;
  if (!/^(\d+(\.\d+)?\s*[a-z]*\s*)+$/.test(trimmed)) return null;
  let total = 0;
  for (const [, amount, unit = ""] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)) {
    const factor = UNITS.find(([name]) => name.test(unit))?.[1];
    if (factor === undefined) return null;
    total += Number(amount) * factor;
  }
  return total;
}
