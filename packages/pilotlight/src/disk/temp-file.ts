import { errnoOf } from "../core/errors.ts";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { lstat, readdir, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** After this age (ms) a temporary file is nobody's, whoever made it. */
const ABANDONED = 60 * 60 * 1000;

let place: string | undefined;

/** A name for a temporary file beside `path`, which says what it is for and which process makes it. */
export function tempPathOf(path: string): string {
  const unique = randomBytes(6).toString("hex");
  const name = `.${basename(path)}.pilotlight-${placeOfPids()}-${process.pid}-${unique}.tmp`;
  return join(dirname(path), name);
}

/**
 * Removes temporary files that killed processes of ours left beside `path`. Never throws.
 * `all` is for whoever holds the lock of `path`: what another process still has there is taken from it,
 * so that a writer which lost the lock in a suspend cannot rename its file into place afterwards.
 */
export async function sweepTempsOf(path: string, which: "dead" | "all"): Promise<void> {
  const directory = dirname(path);
  const prefix = `.${basename(path)}.pilotlight-`;
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const maker = name.startsWith(prefix) ? makerIn(name.slice(prefix.length)) : null;
    if (maker === null) continue;
    const temp = join(directory, name);
    if (which === "all" || isDead(maker) || (await isAbandoned(temp))) {
      await unlink(temp).catch(() => {});
    }
  }
}

interface Maker {
  readonly place: string;
  readonly pid: number;
}

function makerIn(rest: string): Maker | null {
  const [, madeAt, pid] = /^([0-9a-f]{8})-([0-9]+)-[0-9a-f]{12}\.tmp$/.exec(rest) ?? [];
  return madeAt === undefined ? null : { place: madeAt, pid: Number(pid) };
}

function isDead(maker: Maker): boolean {
  if (maker.place !== placeOfPids()) return false;
  try {
    process.kill(maker.pid, 0);
    return false;
  } catch (error) {
    return errnoOf(error) === "ESRCH";
  }
}

async function isAbandoned(temp: string): Promise<boolean> {
  const stats = await lstat(temp).catch(() => null);
  return stats !== null && Date.now() - stats.mtimeMs > ABANDONED;
}

/** Eight hex digits that differ where the same pid means another process: host, boot and pid namespace. */
function placeOfPids(): string {
  place ??= createHash("sha256")
    .update([hostname(), bootId(), pidNamespace()].join("\n"))
    .digest("hex")
    .slice(0, 8);
  return place;
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  } catch {
    return "";
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
