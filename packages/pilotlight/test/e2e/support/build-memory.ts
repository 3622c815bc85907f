import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../../src/", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../../../.cache/e2e/", import.meta.url));

/** Where a state directory remembers rehearsals. */
const MEMORY = "builds.json";

/**
 * Gives a new state directory what an earlier one has learnt about a build, so that not every test pays for the hash and
 * the rehearsal. Void as soon as the product's code for either changes; the product itself looks whether the build has.
 * @returns false when nothing is known yet.
 */
export function recallBuild(version: string, stateDir: string): boolean {
  const known = memoryOf(version);
  if (!existsSync(known)) return false;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  copyFileSync(known, join(stateDir, MEMORY));
  return true;
}

/** Keeps what `stateDir` has learnt. */
export function rememberBuild(version: string, stateDir: string): void {
  const known = memoryOf(version);
  mkdirSync(dirname(known), { recursive: true });
  const temp = `${known}.${process.pid}`;
  copyFileSync(join(stateDir, MEMORY), temp);
  renameSync(temp, known);
}

let rooms: string | undefined;

function memoryOf(version: string): string {
  rooms ??= hashOfRooms("claude", "sandbox");
  return join(CACHE, rooms, `${version}.json`);
}

function hashOfRooms(...names: readonly string[]): string {
  const hash = createHash("sha256");
  for (const room of names) {
    const files = readdirSync(join(SOURCE, room), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => name.endsWith(".ts")).toSorted()) {
      hash.update(readFileSync(join(SOURCE, room, file)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
