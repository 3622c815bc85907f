import { randomBytes } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { bootId, isLivingProcess, isProcOurs, startTicksOf } from "./living-process.ts";

/**
 * What stands in `.oauth_refresh.lock.owner`. Measured on 2.1.329, 2026-11: written (temp file, rename) once both
 * refresh locks are held, unlinked before they are released, and read by a CLI that found the first lock busy for
 * about 8 s. It then removes both locks at once if the birth time is the lock's and the process is gone.
 * `{"pid":4589,"procStart":"94780","pidDomain":"linux:<machine-id>:pid:[4026531836]","pidSpace":"<hostname>#pid:[4026531836]",
 * "lockBirthtimeMs":1795218270476.0334,"legacyLockBirthtimeMs":1795218270480.0334}`. The machine id is empty where
 * `/etc/machine-id` is; the legacy birth time is absent where that lock could not be made. Birth times are lstat's
 * `birthtimeMs`, equal to the last digit under Node and Bun.
 */
interface OwnerRecord {
  readonly pid: number;
  /** Clock ticks from boot to the start of `pid`. */
  readonly procStart: string;
  readonly pidDomain: string;
  readonly pidSpace: string;
  readonly lockBirthtimeMs: number;
  readonly legacyLockBirthtimeMs?: number;
  /** Ours only; the CLI ignores it (measured on 2.1.329, 2026-11). Stands in for a missing machine id. */
  readonly bootId?: string;
}

/** Birth times (epoch ms, as lstat tells them) of the lock directories of one holder. */
interface LockBirths {
  readonly lock: number;
  /** The one in the parent directory; `null` where it could not be made. */
  readonly legacy: number | null;
}

/** The file beside a lock that says which process holds it. Metadata: the lock itself is the directory. */
export interface LockOwner {
  /** Names this process; does nothing where it could not be told from others, or cannot be written. */
  write(births: LockBirths): void;
  /** True only if the record is of the lock born at `birth` and names a dead process of this host and pid namespace. */
  isDead(which: keyof LockBirths, birth: number): boolean;
  /** Removes what `write` wrote, unless somebody else's record has replaced it. */
  remove(): void;
}

/** Far above any real record; a larger file is none. */
const MAX_BYTES = 4096;

export function lockOwner(path: string): LockOwner {
  let written: string | null = null;
  return {
    write(births) {
      const record = ownRecord(births);
      if (record === null) return;
      const text = JSON.stringify(record);
      if (replace(path, text)) written = text;
    },

    isDead(which, birth) {
      const record = parseRecord(readSmall(path));
      if (record === null || birth <= 0) return false;
      const recorded = which === "lock" ? record.lockBirthtimeMs : record.legacyLockBirthtimeMs;
      if (recorded !== birth || !isFromHere(record)) return false;
      return !isLivingProcess(record.pid, record.procStart);
    },

    remove() {
      if (written !== null && readSmall(path) === written) {
        tryOrNull(() => rmSync(path, { force: true }));
      }
      written = null;
    },
  };
}

function ownRecord(births: LockBirths): OwnerRecord | null {
  const place = here();
  const procStart = startTicksOf(process.pid);
  const boot = bootId();
  if (place === null || procStart === null || births.lock <= 0) return null;
  return {
    pid: process.pid,
    procStart,
    pidDomain: place.domain,
    pidSpace: place.space,
    lockBirthtimeMs: births.lock,
    ...(births.legacy === null ? {} : { legacyLockBirthtimeMs: births.legacy }),
    ...(boot === null ? {} : { bootId: boot }),
  };
}

/** Names of this host and pid namespace in the CLI's words; `null` elsewhere than on Linux, where they are not measured. */
function here(): { machine: string; domain: string; space: string } | null {
  if (!isProcOurs()) return null;
  const namespace = tryOrNull(() => readlinkSync("/proc/self/ns/pid"));
  if (namespace === null) return null;
  const machine = tryOrNull(() => readFileSync("/etc/machine-id", "utf8").trim()) ?? "";
  const domain = `linux:${machine}:${namespace}`;
  return { machine, domain, space: `${hostname()}#${namespace}` };
}

function isFromHere(record: OwnerRecord): boolean {
  const place = here();
  if (place === null) return false;
  if (record.pidDomain !== place.domain || record.pidSpace !== place.space) return false;
  // Many images have no machine id, and namespace numbers repeat from host to host; a boot id does not.
  return place.machine !== "" || (record.bootId !== undefined && record.bootId === bootId());
}

function parseRecord(text: string | null): OwnerRecord | null {
  const value: unknown = text === null ? null : tryOrNull(() => JSON.parse(text));
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is OwnerRecord {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return (
    Number.isSafeInteger(fields["pid"]) &&
    Number(fields["pid"]) > 0 &&
    ["procStart", "pidDomain", "pidSpace"].every((key) => typeof fields[key] === "string") &&
    typeof fields["lockBirthtimeMs"] === "number" &&
    ["number", "undefined"].includes(typeof fields["legacyLockBirthtimeMs"]) &&
    ["string", "undefined"].includes(typeof fields["bootId"])
  );
}

function readSmall(path: string): string | null {
  return tryOrNull(() => {
    const stat = lstatSync(path);
    return stat.isFile() && stat.size <= MAX_BYTES ? readFileSync(path, "utf8") : null;
  });
}

function replace(path: string, text: string): boolean {
  const temp = `${path}.tmp.${randomBytes(4).toString("hex")}`;
  try {
    // Not 0600: the CLI of another user who shares the directory has to read it, and it holds no secret.
    writeFileSync(temp, text, { flag: "wx", mode: 0o644 });
    renameSync(temp, path);
    return true;
  } catch {
    tryOrNull(() => rmSync(temp, { force: true }));
    return false;
  }
}

function tryOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
