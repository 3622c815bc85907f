import type { Facts } from "./acts.ts";

const WORDS: Readonly<Record<keyof Facts, string>> = {
  exit: "exit",
  code: "code",
  command: "command to type",
  login: "stored login",
  daysLeft: "days left",
  asksPerson: "asks a person",
  codesSent: "codes sent",
  isProved: "proved",
};

/** What differs from how an act must end, each in words; empty where nothing does. */
export function deviations(seen: Facts, ends: Facts): readonly string[] {
  const names = Object.keys(WORDS) as (keyof Facts)[];
  return names
    .filter((name) => seen[name] !== ends[name])
    .map((name) => `${WORDS[name]}: ${String(seen[name])} instead of ${String(ends[name])}`);
}
