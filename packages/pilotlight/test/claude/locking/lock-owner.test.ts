import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { lockOwner } from "../../../src/claude/locking/lock-owner.ts";
import { needs } from "../../support/needs.ts";
import { startProgram } from "./lock-programs/start-program.ts";

type Fields = Record<string, unknown>;

const BIRTH = 1_795_218_270_476.0334;
const LEGACY = 1_795_218_270_480.0334;

const linux = needs("linux");
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  path = join(folder, ".oauth_refresh.lock.owner");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(): Fields {
  lockOwner(path).write({ lock: BIRTH, legacy: LEGACY });
  return JSON.parse(readFileSync(path, "utf8"));
}

/** A pid that was used by a process which has ended. */
function deadPid(): number {
  return spawnSync("true").pid;
}

function isDead(fields: Fields | string, which: "lock" | "legacy" = "lock", birth = BIRTH) {
  writeFileSync(path, typeof fields === "string" ? fields : JSON.stringify(fields));
  return lockOwner(path).isDead(which, birth);
}

linux.describe("an owner file", () => {
  linux.it("has the keys that Claude Code 2.1.329 writes, in its words, and a boot id", () => {
    const namespace = expect.stringMatching(/^linux:[0-9a-f]*:pid:\[\d+\]$/);
    expect(record()).toEqual({
      pid: process.pid,
      procStart: expect.stringMatching(/^\d+$/),
      pidDomain: namespace,
      pidSpace: expect.stringMatching(/^.+#pid:\[\d+\]$/),
      lockBirthtimeMs: BIRTH,
      legacyLockBirthtimeMs: LEGACY,
      bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(readdirSync(folder)).toEqual([".oauth_refresh.lock.owner"]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  linux.it("leaves the legacy birth time out where that lock could not be made", () => {
    lockOwner(path).write({ lock: BIRTH, legacy: null });
    expect(JSON.parse(readFileSync(path, "utf8"))).not.toHaveProperty("legacyLockBirthtimeMs");
  });

  linux.it("names a dead holder, for either lock of its record", () => {
    const fields: Fields = { ...record(), pid: deadPid() };
    expect(isDead(fields)).toBe(true);
    expect(isDead(fields, "legacy", LEGACY)).toBe(true);
  });

  linux.it("names a dead holder when the pid is used again by a later process", () => {
    expect(isDead({ ...record(), procStart: "1" })).toBe(true);
  });

  linux.it("does not call a living holder dead", () => {
    expect(isDead(record())).toBe(false);
  });

  linux.it("says nothing of an older or a younger lock", () => {
    const fields: Fields = { ...record(), pid: deadPid() };
    expect(isDead(fields, "lock", BIRTH + 4)).toBe(false);
    expect(isDead(fields, "lock", BIRTH - 4)).toBe(false);
    expect(isDead(fields, "legacy", BIRTH)).toBe(false);
    expect(isDead({ ...fields, lockBirthtimeMs: 0 }, "lock", 0)).toBe(false);
    expect(isDead({ ...fields, legacyLockBirthtimeMs: undefined }, "legacy", LEGACY)).toBe(false);
  });

  linux.it("says nothing of a process of another host or pid namespace", () => {
    const fields: Fields = { ...record(), pid: deadPid() };
    const otherNamespace = (value: unknown) => String(value).replace(/\d+\]$/, "1]");
    expect(isDead({ ...fields, pidSpace: "elsewhere#pid:[4026531836]" })).toBe(false);
    expect(isDead({ ...fields, pidDomain: otherNamespace(fields["pidDomain"]) })).toBe(false);
    expect(isDead({ ...fields, pidSpace: otherNamespace(fields["pidSpace"]) })).toBe(false);
    expect(isDead({ ...fields, pidDomain: "darwin:x" })).toBe(false);
  });

  linux.it("says nothing when it is not such a record", () => {
    const fields: Fields = { ...record(), pid: deadPid() };
    expect(isDead("")).toBe(false);
    expect(isDead("{")).toBe(false);
    expect(isDead("null")).toBe(false);
    for (const key of ["pid", "procStart", "pidDomain", "pidSpace", "lockBirthtimeMs"]) {
      expect(isDead({ ...fields, [key]: null })).toBe(false);
    }
    expect(isDead({ ...fields, pid: -1 })).toBe(false);
    expect(isDead({ ...fields, padding: "x".repeat(4096) })).toBe(false);
    rmSync(path);
    expect(lockOwner(path).isDead("lock", BIRTH)).toBe(false);
    mkdirSync(path);
    expect(lockOwner(path).isDead("lock", BIRTH)).toBe(false);
  });

  linux.it("is removed by whoever wrote it, and by nobody else", () => {
    const mine = lockOwner(path);
    mine.write({ lock: BIRTH, legacy: LEGACY });
    lockOwner(path).remove();
    expect(existsSync(path)).toBe(true);
    lockOwner(path).write({ lock: BIRTH + 4, legacy: null });
    mine.remove();
    expect(existsSync(path)).toBe(true);
    const again = lockOwner(path);
    again.write({ lock: BIRTH, legacy: null });
    again.remove();
    expect(existsSync(path)).toBe(false);
  });

  linux.it("is not missed where it cannot be written", () => {
    const nowhere = lockOwner(join(folder, "missing", "owner"));
    nowhere.write({ lock: BIRTH, legacy: null });
    nowhere.remove();
    expect(readdirSync(folder)).toEqual([]);
  });
});

const root = needs("linux", "root", "unshare");

root.describe("on a host without a machine id", () => {
  const judge = async (fields: Fields): Promise<string> => {
    writeFileSync(path, JSON.stringify(fields));
    const under = [
      "unshare",
      "-m",
      "sh",
      "-c",
      'mount --bind /dev/null /etc/machine-id; exec "$@"',
      "-",
    ];
    return startProgram("judge-owner", [path, String(BIRTH)], { under }).line();
  };

  root.it("a record with the id of this boot is judged, any other is not", async () => {
    const fields: Fields = { ...record(), pid: deadPid() };
    const nameless = String(fields["pidDomain"]).replace(/:[0-9a-f]*:/, "::");
    expect(await judge({ ...fields, pidDomain: nameless })).toBe("true");
    expect(await judge({ ...fields, pidDomain: nameless, bootId: "another" })).toBe("false");
    expect(await judge({ ...fields, pidDomain: nameless, bootId: undefined })).toBe("false");
  });
});
