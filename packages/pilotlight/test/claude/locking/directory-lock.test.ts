import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";

import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  directoryLock,
  type DirectoryLockOptions,
} from "../../../src/claude/locking/directory-lock.ts";
import type { Clock } from "../../../src/core/ports.ts";
import type { HeldDirectory } from "../../../src/claude/locking/held-directory.ts";
import { lockStatOf, removeLock } from "../../../src/claude/locking/lock-on-disk.ts";
import { type ManualClock, manualClock, realClock } from "./lock-programs/clocks.ts";
import { startProgram } from "./lock-programs/start-program.ts";

let folder: string;
let path: string;
let clock: ManualClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  path = join(folder, "a.lock");
  clock = manualClock();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const DEAD = () => true;
const UNKNOWN = () => false;

function lockHere(more: Partial<DirectoryLockOptions> = {}) {
  const orphan = { age: 60_000, quiet: 10_000, quietInFuture: 60_000 };
  return directoryLock({
    path,
    clock,
    heartbeatMs: 1_000_000,
    orphan,
    isHolderDead: UNKNOWN,
    ...more,
  });
}

async function taken(lock = lockHere()): Promise<HeldDirectory> {
  const attempt = await lock.tryTake();
  if (attempt.kind !== "taken") throw new Error(`not taken: ${attempt.kind}`);
  return attempt.held;
}

/** Somebody else's lock, last touched `age` ms before the time that the clock will show in `ahead` ms. */
function foreignLock(age: number, ahead = 0): void {
  mkdirSync(path);
  touch(clock.now() + ahead - age);
}

function touch(ms: number): void {
  utimesSync(path, ms / 1000, ms / 1000);
}

/** Looks once a second until `ms` have passed. */
function watch(lock: ReturnType<typeof lockHere>, ms: number): ReturnType<typeof lock.look> {
  let sight = lock.look();
  for (let left = ms; left > 0; left -= 1000) {
    clock.advance(Math.min(left, 1000));
    sight = lock.look();
  }
  return sight;
}

describe("an orphan", () => {
  it.each([
    { age: 59_900, quiet: 10_000, sight: "busy" },
    { age: 59_999, quiet: 10_000, sight: "busy" },
    { age: 60_000, quiet: 10_000, sight: "orphan" },
    { age: 61_000, quiet: 10_000, sight: "orphan" },
    { age: 61_000, quiet: 9_999, sight: "busy" },
    { age: 3_600_000, quiet: 9_999, sight: "busy" },
    { age: 3_600_000, quiet: 10_000, sight: "orphan" },
    { age: -1, quiet: 59_999, sight: "busy" },
    { age: -1, quiet: 60_000, sight: "orphan" },
    { age: -3_600_000, quiet: 59_999, sight: "busy" },
    { age: -3_600_000, quiet: 60_000, sight: "orphan" },
    { age: 0, quiet: 120_000, sight: "busy" },
  ])("is $sight at an age of $age ms after $quiet ms without a change", ({ age, quiet, sight }) => {
    foreignLock(age, quiet);
    expect(watch(lockHere(), quiet)).toBe(sight);
  });

  it("is none when its holder touches it within the 10 s", () => {
    foreignLock(120_000);
    const lock = lockHere();
    expect(watch(lock, 9_500)).toBe("busy");
    touch(clock.now() - 90_000);
    expect(watch(lock, 9_999)).toBe("busy");
    expect(watch(lock, 1)).toBe("orphan");
  });

  it("is none when another lock with the same mtime has taken its place", () => {
    foreignLock(120_000);
    const lock = lockHere();
    watch(lock, 9_500);
    mkdirSync(join(folder, "next"));
    rmdirSync(path);
    renameSync(join(folder, "next"), path);
    touch(clock.now() - 9_500 - 120_000);
    expect(watch(lock, 9_999)).toBe("busy");
  });

  it("is none only because everybody was frozen for an hour", () => {
    foreignLock(0);
    const lock = lockHere();
    lock.look();
    clock.advance(3_600_000);
    expect(lock.look()).toBe("busy");
    touch(clock.now());
    expect(watch(lock, 20_000)).toBe("busy");
  });

  it("is taken over at once when its holder is known to be dead", async () => {
    foreignLock(0);
    const held = await taken(lockHere({ isHolderDead: DEAD }));
    expect(await held.isHeld()).toBe(true);
    expect(readdirSync(folder)).toEqual(["a.lock"]);
  });

  it("is left alone when it is not empty", async () => {
    foreignLock(0);
    writeFileSync(join(path, "notes.txt"), "kept");
    expect(await lockHere({ isHolderDead: DEAD }).tryTake()).toEqual({ kind: "busy" });
    expect(readdirSync(path)).toEqual(["notes.txt"]);
  });

  it("is not removed when its holder has touched it after the last look", () => {
    foreignLock(120_000);
    const seen = lockStatOf(path);
    touch(clock.now());
    expect(seen !== null && removeLock(path, seen)).toBe(false);
    expect(statSync(path).isDirectory()).toBe(true);
  });
});

describe("a taker that comes too late", () => {
  /** A rename before which, the first time, another taker removes the orphan and makes a lock of its own. */
  function slowRename(afterwards = () => {}) {
    let renames = 0;
    return (from: string, to: string): void => {
      if (renames++ === 0) {
        mkdirSync(join(folder, "next"));
        rmdirSync(path);
        renameSync(join(folder, "next"), path);
      }
      renameSync(from, to);
      if (renames === 1) afterwards();
    };
  }

  it("puts the other's lock back", () => {
    foreignLock(120_000);
    const orphan = lockStatOf(path);
    if (orphan === null) throw new Error("no orphan");
    expect(removeLock(path, orphan, slowRename())).toBe(false);
    expect(lockStatOf(path)?.ino).not.toBe(orphan.ino);
    expect(readdirSync(folder)).toEqual(["a.lock"]);
  });

  it("puts it back over the lock of a third that came in between, who then knows that it has none", async () => {
    foreignLock(120_000);
    const orphan = lockStatOf(path);
    if (orphan === null) throw new Error("no orphan");
    let third: Promise<HeldDirectory> | undefined;
    const rename = slowRename(() => void (third = taken()));
    expect(removeLock(path, orphan, rename)).toBe(false);
    expect(await (await third)?.isHeld()).toBe(false);
    expect(readdirSync(folder)).toEqual(["a.lock"]);
  });

  it("of the careless kind cannot make us believe that we have what it removed", async () => {
    foreignLock(0);
    const careless: Clock = {
      ...clock,
      async sleep() {
        // As proper-lockfile does, which judged the orphan before we took it over.
        mkdirSync(join(folder, "next"));
        rmdirSync(path);
        renameSync(join(folder, "next"), path);
      },
    };
    const lock = lockHere({ isHolderDead: DEAD, clock: careless });
    expect(await lock.tryTake()).toEqual({ kind: "busy" });
    expect(readdirSync(folder)).toEqual(["a.lock"]);
  });
});

describe("many takers of one orphan after another", () => {
  it("are never inside at once", async () => {
    const file = join(folder, "count");
    writeFileSync(file, "0");
    const takers = Array.from({ length: 5 }, () => startProgram("take-over", [path, file, "8"]));
    const ends = await Promise.all(takers.map(({ end }) => end));
    expect(ends).toEqual(takers.map(() => 0));
    expect(readFileSync(file, "utf8")).toBe("40");
    // Nothing that was put aside has been forgotten.
    expect(readdirSync(folder).filter((name) => /a\.lock\.\d+\.[0-9a-f]{8}$/.test(name))).toEqual(
      [],
    );
  }, 150_000);
});

describe("taking a lock", () => {
  it("says that it cannot be had where its directory is missing or not a directory", async () => {
    expect(await lockHere({ path: join(folder, "missing", "a.lock") }).tryTake()).toEqual({
      kind: "impossible",
      code: "ENOENT",
    });
    writeFileSync(join(folder, "file"), "");
    expect(await lockHere({ path: join(folder, "file", "a.lock") }).tryTake()).toEqual({
      kind: "impossible",
      code: "ENOTDIR",
    });
  });

  it("says that it cannot be had where a file stands in its place, and leaves the file", async () => {
    writeFileSync(path, "kept");
    touch(clock.now() - 3_600_000);
    const lock = lockHere({ isHolderDead: DEAD });
    expect(await lock.tryTake()).toEqual({ kind: "impossible", code: "ENOTDIR" });
    expect(statSync(path).size).toBe(4);
  });

  it("tells how long the present holder has had it", async () => {
    const lock = lockHere({ clock: realClock() });
    expect(lock.heldFor()).toBe(0);
    mkdirSync(path);
    touch(0);
    expect(lock.heldFor()).toBeLessThan(5_000);
  });
});

describe("a held lock", () => {
  it("is busy for others, free after its release, and its release can be repeated", async () => {
    const held = await taken();
    expect(await lockHere().tryTake()).toEqual({ kind: "busy" });
    held.release();
    expect(await held.isHeld()).toBe(false);
    const next = await taken();
    held.release();
    expect(await next.isHeld()).toBe(true);
  });

  it("is kept alive by its heartbeat", async () => {
    const held = await taken(lockHere({ clock: realClock(), heartbeatMs: 20 }));
    const before = statSync(path).mtimeMs;
    await expect.poll(() => statSync(path).mtimeMs - before).toBeGreaterThan(60);
    expect(await held.isHeld()).toBe(true);
  });

  it("is touched by the very question whether it is held", async () => {
    const held = await taken();
    clock.advance(70_000);
    expect(await held.isHeld()).toBe(true);
    expect(statSync(path).mtimeMs).toBe(clock.now());
  });

  it("is lost when another lock stands in its place, which a release then leaves alone", async () => {
    const held = await taken();
    // Many tries, because a file system that gives the freed inode number to the next directory does so at once.
    for (let n = 0; n < 20; n++) {
      rmdirSync(path);
      mkdirSync(path);
      touch(clock.now());
    }
    expect(await held.isHeld()).toBe(false);
    held.release();
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it("is lost when somebody else touches it, and stays lost", async () => {
    const held = await taken();
    const mine = statSync(path).mtimeMs;
    touch(clock.now() + 1);
    expect(await held.isHeld()).toBe(false);
    touch(mine);
    expect(await held.isHeld()).toBe(false);
    held.release();
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it("is lost when its directory is gone, and its heartbeat does not bring it back", async () => {
    const held = await taken(lockHere({ clock: realClock(), heartbeatMs: 20 }));
    rmdirSync(path);
    expect(await held.isHeld()).toBe(false);
    mkdirSync(path);
    const foreign = statSync(path, { bigint: true }).mtimeNs;
    await realClock().sleep(100);
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(foreign);
    expect(await held.isHeld()).toBe(false);
  });

  it.each(["missing", "another"])("is lost for good once a heartbeat found it %s", async (what) => {
    const held = await taken(lockHere({ clock: realClock(), heartbeatMs: 20 }));
    renameSync(path, `${path}.aside`);
    if (what === "another") mkdirSync(path);
    await realClock().sleep(150);
    if (what === "another") rmdirSync(path);
    renameSync(`${path}.aside`, path);
    expect(await held.isHeld()).toBe(false);
    held.release();
    expect(readdirSync(folder)).toEqual(["a.lock"]);
  });

  it("survives being put aside for a moment by a taker's mistake", async () => {
    const held = await taken(lockHere({ clock: realClock() }));
    renameSync(path, `${path}.aside`);
    const asked = held.isHeld();
    renameSync(`${path}.aside`, path);
    expect(await asked).toBe(true);
  });

  it("does not keep its process alive", async () => {
    const program = startProgram("hold-and-end", [path]);
    expect(await program.line()).toBe("taken");
    expect(await program.end).toBe(0);
  });
});
