import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import lockfile from "proper-lockfile";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claudeLocks } from "../../../src/claude/locking/locks.ts";
import { realClock } from "./lock-programs/clocks.ts";
import { startProgram } from "./lock-programs/start-program.ts";

let parent: string;
let directory: string;
let refreshLock: string;
let legacyLock: string;

beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  directory = join(parent, "claude");
  mkdirSync(directory);
  refreshLock = join(directory, ".oauth_refresh.lock");
  legacyLock = join(parent, "claude.lock");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

function ours({ waitMs = 20_000, speed = 1, heartbeatMs = 50 } = {}) {
  return claudeLocks({ directory, clock: realClock(speed), waitMs, heartbeatMs });
}

/** Locks as Claude Code does; the package keeps its books by the first argument, so each lock gets one of its own. */
function theirs(lockfilePath: string, more: lockfile.LockOptions = {}) {
  const options = { realpath: false, stale: 60_000, update: 1_000, lockfilePath, ...more };
  return lockfile.lock(lockfilePath, options);
}

function setAge(path: string, ms: number): void {
  utimesSync(path, (Date.now() - ms) / 1000, (Date.now() - ms) / 1000);
}

const PLACES = [
  { which: "first", path: () => refreshLock },
  { which: "second", path: () => legacyLock },
];

describe.each(PLACES)("with proper-lockfile on the $which lock", ({ path }) => {
  it("we are busy while it holds, and have it when it lets go", async () => {
    const release = await theirs(path());
    expect(await ours({ waitMs: 300 }).withRefreshLocks(async () => "never")).toEqual({
      busy: expect.stringContaining(path()),
    });
    const waiting = ours().withRefreshLocks(async () => "had");
    await release();
    expect(await waiting).toEqual({ done: "had" });
  });

  it("it is locked out while we hold, and has it when we let go", async () => {
    await ours().withRefreshLocks(async () => {
      await expect(theirs(path())).rejects.toMatchObject({ code: "ELOCKED" });
      expect(
        await lockfile.check(path(), { realpath: false, stale: 60_000, lockfilePath: path() }),
      ).toBe(true);
    });
    const release = await theirs(path());
    await release();
  });

  it("it respects our heartbeat, however old the lock once was", async () => {
    await ours({ heartbeatMs: 20 }).withRefreshLocks(async (lock) => {
      // By the clock of a holder that beats, 59 s is as old as it gets; what it may not do is stay so.
      await expect.poll(() => Date.now() - statSync(path()).mtimeMs).toBeLessThan(100);
      await realClock().sleep(100);
      await expect(theirs(path(), { stale: 2_000 })).rejects.toMatchObject({ code: "ELOCKED" });
      expect(await lock.isHeld()).toBe(true);
    });
  });

  it("it steals from us what we have not touched for 60 s, and we notice", async () => {
    await ours({ heartbeatMs: 1_000_000 }).withRefreshLocks(async (lock) => {
      setAge(path(), 59_000);
      await expect(theirs(path())).rejects.toMatchObject({ code: "ELOCKED" });
      setAge(path(), 61_000);
      const release = await theirs(path());
      expect(await lock.isHeld()).toBe(false);
      await release();
    });
    expect(readdirSync(parent)).toEqual(["claude"]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("we steal from it what it has not touched for 60 s, and it notices", async () => {
    const noticed = Promise.withResolvers<Error>();
    await theirs(path(), { onCompromised: noticed.resolve });
    // Its holder is this process, which is asleep only as far as the mtime says.
    setAge(path(), 61_000);
    const result = ours({ speed: 60 }).withRefreshLocks(async (lock) => {
      expect(await noticed.promise).toMatchObject({ code: "ECOMPROMISED" });
      return lock.isHeld();
    });
    expect(await result).toEqual({ done: true });
  });
});

describe("in competition", () => {
  it("no two of our and its processes are ever inside at once", async () => {
    const file = join(parent, "count");
    writeFileSync(file, "0");
    const programs = [
      ...[1, 2, 3].map(() => startProgram("count-ours", [directory, file, "40"])),
      ...[1, 2].map(() => startProgram("count-theirs", [directory, file, "60", "both"])),
      startProgram("count-theirs", [directory, file, "60", "legacy"]),
    ];
    const ends = await Promise.all(programs.map(({ end }) => end));
    expect(ends).toEqual(programs.map(() => 0));
    expect(readFileSync(file, "utf8")).toBe(String(3 * 40 + 3 * 60));
    expect(readdirSync(directory)).toEqual([]);
  }, 60_000);
});
