import type { RowMatch, VerdictRow } from "./verdict-row.ts";

/** What is known, under the names by which rows ask for it. What is missing is unknown, or not so. */
export type Facts = {
  readonly [Name in keyof RowMatch]?: NonNullable<RowMatch[Name]> extends readonly (infer Value)[]
    ? Value | readonly Value[] | null
    : boolean;
};

/** Finds the first row that matches; the order of the rows is their meaning. */
export function findRow<Row extends VerdictRow>(rows: readonly Row[], facts: Facts): Row {
  const row = rows.find(({ match }) => match.some((one) => isMatch(one, facts)));
  if (row === undefined) throw new TypeError("the verdict table has no row for this");
  return row;
}

type Wanted = boolean | readonly (string | number)[];

function isMatch(match: RowMatch, facts: Facts): boolean {
  const asked = Object.entries(match) as [keyof RowMatch, Wanted][];
  return asked.every(([name, wanted]) => isFound(name, wanted, facts[name] ?? null));
}

function isFound(
  name: keyof RowMatch,
  wanted: Wanted,
  found: boolean | string | number | readonly (string | number)[] | null,
): boolean {
  if (typeof wanted === "boolean") return (found ?? false) === wanted;
  if (found === null || typeof found === "boolean") return false;
  const values = typeof found === "object" ? found : [found];
  const flags = PATTERN_FLAGS[name];
  if (flags === undefined) return values.some((value) => wanted.includes(value));
  const pattern = patternOf(wanted, flags);
  return values.some((value) => pattern.test(String(value)));
}

/** These are matched by regular expressions; all others name their values. */
const PATTERN_FLAGS: Partial<Record<keyof RowMatch, string>> = {
  text: "i",
  stderr: "im",
  cause: "i",
};

const patterns = new Map<Wanted, RegExp>();

function patternOf(sources: readonly (string | number)[], flags: string): RegExp {
  const known = patterns.get(sources);
  if (known !== undefined) return known;
  const pattern = new RegExp(sources.join("|"), flags);
  patterns.set(sources, pattern);
  return pattern;
}
