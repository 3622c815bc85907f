import {
  existsSync,
  globSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Where something stands that knows a time. */
interface Places {
  readonly configDir: string;
  /** Pilotlight's; need not exist. */
  readonly stateDir: string;
}

/** An epoch in ms as a value of JSON, also inside JSON that is a text in JSON. */
const EPOCH_MS = /(?<=:\s*)1\d{12}(?=\s*[,}])/g;

/**
 * Lets `ms` go by for everything on disk: every date moves back by so much. What passes between a date and now is
 * the same as if the clock had gone on, and the programs, which have the machine's clock, cannot tell the difference.
 * Shorter lives instead would be another world: windows, pauses and the age of locks are minutes in the programs.
 * Dated are the credential (the live one, the staged one, the last good one), the journal, the verdicts and the locks.
 * Not moved: the history, which only people read, and names of archived files, which matter after 30 days.
 * Nothing may be running in these places meanwhile.
 */
export function passTime({ configDir, stateDir }: Places, ms: number): void {
  const dated = [
    join(configDir, ".credentials.json"),
    ...globSync(join(stateDir, "{journal,logins}", "**", "*.json")),
    ...globSync(join(stateDir, "staging", "*", ".credentials.json")),
  ];
  for (const path of dated.filter((file) => existsSync(file))) makeOlder(path, ms);
  const stages = globSync(join(stateDir, "staging", "*"));
  for (const folder of [configDir, ...stages]) {
    const locks = [
      `${folder}.lock`,
      ...[".oauth_refresh", ".storage-write"].map((name) => join(folder, `${name}.lock`)),
    ];
    for (const path of locks) touchBack(path, ms);
  }
}

/** Moves every date in a JSON document back. */
export function movedBack(json: string, ms: number): string {
  return json.replaceAll(EPOCH_MS, (epoch) => String(Number(epoch) - ms));
}

/** In one step, and with the same mode, as whoever writes these files does. */
function makeOlder(path: string, ms: number): void {
  const text = readFileSync(path, "utf8");
  const older = movedBack(text, ms);
  if (older === text) return;
  const temp = `${path}.passing`;
  writeFileSync(temp, older, { mode: statSync(path).mode & 0o777 });
  renameSync(temp, path);
}

function touchBack(path: string, ms: number): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const at = new Date(stat.mtimeMs - ms);
  utimesSync(path, at, at);
}
