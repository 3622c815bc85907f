import { openSync, closeSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Reads, waits and writes back, so that two at once lose a count; a second one inside also throws EEXIST. */
export async function addOne(file: string): Promise<void> {
  closeSync(openSync(`${file}.inside`, "wx"));
  const count = Number(readFileSync(file, "utf8"));
  await setTimeout(Math.random() * 4);
  writeFileSync(file, String(count + 1));
  rmSync(`${file}.inside`);
}
