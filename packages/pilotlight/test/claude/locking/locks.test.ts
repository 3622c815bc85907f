import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claudeLocks } from "../../../src/claude/locking/locks.ts";
import type { Clock } from "../../../src/core/ports.ts";
import { needs } from "../../support/needs.ts";
import { realClock } from "./lock-programs/clocks.ts";
import { startProgram } from "./lock-programs/start-program.ts";

let parent: string;
let directory: string;
let refreshLock: string;
let legacyLock: string;
let writeLock: string;

beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  directory = join(parent, "claude");
  mkdirSync(directory, { mode: 0o700 });
  refreshLock = join(directory, ".oauth_refresh.lock");
  legacyLock = join(parent, "claude.lock");
  writeLock = join(directory, ".storage-write.lock");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** `speed` makes its patience and its watching faster than real time. */
function locksHere({ waitMs = 20_000, speed = 1, at = directory } = {}) {
  return claudeLocks({ directory: at, clock: realClock(speed), waitMs, heartbeatMs: 50 });
}

function lockNames(): string[] {
  const names = [...readdirSync(parent), ...readdirSync(directory)];
  return names.filter((name) => name.includes("lock")).toSorted();
}

const BOTH = [".oauth_refresh.lock", ".oauth_refresh.lock.owner", "claude.lock"];

describe("the refresh locks", () => {
  it("are the two directories that Claude Code makes, and an owner file, and are gone afterwards", async () => {
    const result = await locksHere().withRefreshLocks(async (lock) => {
      expect(lockNames()).toEqual(BOTH);
      expect(statSync(refreshLock).isDirectory()).toBe(true);
      expect(statSync(legacyLock).isDirectory()).toBe(true);
      const owner = JSON.parse(readFileSync(`${refreshLock}.owner`, "utf8"));
      expect(owner.lockBirthtimeMs).toBe(statSync(refreshLock).birthtimeMs);
      expect(owner.legacyLockBirthtimeMs).toBe(statSync(legacyLock).birthtimeMs);
      expect(await lock.isHeld()).toBe(true);
      return 7;
    });
    expect(result).toEqual({ done: 7 });
    expect(lockNames()).toEqual([]);
  });

  it("lie beside the real directory when it is reached by a link", async () => {
    symlinkSync(directory, join(parent, "link"));
    await locksHere({ at: join(parent, "link") }).withRefreshLocks(async () => {
      expect(lockNames()).toEqual(BOTH);
    });
  });

  it("are released when the task throws", async () => {
    const failure = new Error("the task");
    await expect(locksHere().withRefreshLocks(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(lockNames()).toEqual([]);
  });

  it.each([{ first: true }, { first: false }])(
    "are both lost with one ($first)",
    async ({ first }) => {
      await locksHere().withRefreshLocks(async (lock) => {
        rmdirSync(first ? refreshLock : legacyLock);
        expect(await lock.isHeld()).toBe(false);
      });
      expect(lockNames()).toEqual([]);
    },
  );

  it.each(["first", "second"])("are busy while somebody keeps the %s alive", async (which) => {
    const path = which === "first" ? refreshLock : legacyLock;
    mkdirSync(path);
    const result = await locksHere({ waitMs: 700 }).withRefreshLocks(async () => "never");
    expect(result).toEqual({ busy: expect.stringMatching(`^${path}, held for [01] s$`) });
    expect(lockNames()).toHaveLength(1);
  });

  it("are had as soon as the other lets go", async () => {
    mkdirSync(refreshLock);
    const waiting = locksHere().withRefreshLocks(async () => "had");
    await realClock().sleep(300);
    rmdirSync(refreshLock);
    expect(await waiting).toEqual({ done: "had" });
  });

  it("leave the first free while they wait for the second", async () => {
    mkdirSync(legacyLock);
    const waiting = locksHere().withRefreshLocks(async () => "had");
    let free = 0;
    for (let n = 0; n < 20; n++) {
      await realClock().sleep(20);
      if (!existsSync(refreshLock)) free++;
    }
    expect(free).toBe(20);
    rmdirSync(legacyLock);
    expect(await waiting).toEqual({ done: "had" });
  });

  it.each(["first", "second"])("take over an orphaned %s after 10 s of silence", async (which) => {
    const path = which === "first" ? refreshLock : legacyLock;
    mkdirSync(path);
    utimesSync(path, Date.now() / 1000 - 90, Date.now() / 1000 - 90);
    const locks = (waitMs: number) => locksHere({ speed: 20, waitMs });
    expect(await locks(9_000).withRefreshLocks(async () => "early")).toHaveProperty("busy");
    expect(await locks(120_000).withRefreshLocks((lock) => lock.isHeld())).toEqual({ done: true });
    expect(lockNames()).toEqual([]);
  });

  it("serve the callers of one process in their order, one at a time, and without polling", async () => {
    let polls = 0;
    const clock: Clock = {
      ...realClock(),
      sleep(ms, signal) {
        if (signal === undefined) polls++;
        return realClock().sleep(ms, signal);
      },
    };
    const locks = claudeLocks({ directory, clock });
    const order: number[] = [];
    let inside = 0;
    const ask = (n: number) =>
      locks.withRefreshLocks(async () => {
        expect(++inside).toBe(1);
        await realClock().sleep(2);
        inside--;
        order.push(n);
      });
    await Promise.all(Array.from({ length: 50 }, (_, n) => ask(n)));
    expect(order).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(polls).toBe(0);
  });

  it("give up in the line of one process, too, and do not hold up whoever comes behind", async () => {
    const holder = Promise.withResolvers<void>();
    const first = locksHere().withRefreshLocks(() => holder.promise);
    const second = locksHere({ waitMs: 50 }).withRefreshLocks(async () => "never");
    const third = locksHere().withRefreshLocks(async () => "third");
    expect(await second).toEqual({ busy: `${refreshLock}, held for 0 s` });
    holder.resolve();
    await first;
    expect(await third).toEqual({ done: "third" });
  });
});

describe("the write lock", () => {
  it("is the directory that Claude Code makes, and may be taken under the refresh locks", async () => {
    const locks = locksHere();
    const result = await locks.withRefreshLocks(() =>
      locks.withWriteLock(async (lock) => {
        expect(lockNames()).toEqual([
          ...BOTH.slice(0, 2),
          ".storage-write.lock",
          ".storage-write.lock.owner",
          "claude.lock",
        ]);
        return lock.isHeld();
      }),
    );
    expect(result).toEqual({ done: { done: true } });
    expect(lockNames()).toEqual([]);
  });

  it("is waited for 10 s at most", async () => {
    mkdirSync(writeLock);
    const started = performance.now();
    const result = await locksHere({ speed: 20, waitMs: 180_000 }).withWriteLock(
      async () => "never",
    );
    expect(result).toEqual({ busy: expect.stringContaining(writeLock) });
    expect(performance.now() - started).toBeGreaterThan(10_000 / 20 - 50);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each([16_000, -3_600_000])(
    "is taken over at an age of %i ms within that time",
    async (age) => {
      mkdirSync(writeLock);
      utimesSync(writeLock, (Date.now() - age) / 1000, (Date.now() - age) / 1000);
      const result = await locksHere({ speed: 5 }).withWriteLock((lock) => lock.isHeld());
      expect(result).toEqual({ done: true });
    },
  );
});

describe("a place where locks cannot be made", () => {
  const refused = async (at: string, waitMs = 0) => {
    const result = locksHere({ at, waitMs }).withRefreshLocks(async () => "had");
    return result.then(
      (value) => value,
      (error: unknown) => error,
    );
  };

  it("is cannot_persist, naming the path: a missing directory, a file in its place", async () => {
    const missing = join(parent, "missing");
    expect(await refused(missing)).toMatchObject({
      code: "cannot_persist",
      message: expect.stringContaining(missing),
    });
    writeFileSync(join(parent, "file"), "");
    expect(await refused(join(parent, "file"))).toMatchObject({
      code: "cannot_persist",
      message: expect.stringMatching(/file\/\.oauth_refresh\.lock: ENOTDIR$/),
    });
  });

  it("is cannot_persist when a file stands as the first lock, but not as the second", async () => {
    writeFileSync(legacyLock, "kept");
    expect(await refused(directory)).toEqual({ done: "had" });
    writeFileSync(refreshLock, "kept");
    expect(await refused(directory)).toMatchObject({
      code: "cannot_persist",
      message: `cannot make the lock ${refreshLock}: ENOTDIR`,
    });
    expect([legacyLock, refreshLock].map((path) => readFileSync(path, "utf8"))).toEqual([
      "kept",
      "kept",
    ]);
  });

  it("is cannot_persist for the write lock just the same", async () => {
    writeFileSync(writeLock, "");
    await expect(locksHere().withWriteLock(async () => "never")).rejects.toMatchObject({
      code: "cannot_persist",
      message: expect.stringContaining(writeLock),
    });
  });
});

const root = needs("linux", "root", "unshare", "setpriv");

/** Runs the holder in a mount namespace of its own, after `mounts`. */
function holderUnder(mounts: string): ReturnType<typeof startProgram> {
  const under = ["unshare", "-m", "sh", "-ec", `${mounts}\nexec "$@"`, "-"];
  return startProgram("hold", [directory, "0"], { under });
}

root.describe("with file systems of all kinds", () => {
  root.it("goes on without the second lock when the parent is read-only", async () => {
    const holder = holderUnder(
      `mount --bind ${parent} ${parent}; mount --bind ${directory} ${directory}
       mount -o remount,ro,bind ${parent}`,
    );
    expect(await holder.line()).toBe("held");
    expect(lockNames()).toEqual(BOTH.slice(0, 2));
    const owner = JSON.parse(readFileSync(`${refreshLock}.owner`, "utf8"));
    expect(owner).not.toHaveProperty("legacyLockBirthtimeMs");
    holder.say("ask");
    expect(await holder.line()).toBe("true");
    holder.say("release");
    expect(await holder.end).toBe(0);
    expect(lockNames()).toEqual([]);
  });

  root.it("says cannot_persist when the directory is read-only", async () => {
    const holder = holderUnder(`mount --bind ${directory} ${directory}
      mount -o remount,ro,bind ${directory}`);
    expect(await holder.line()).toBe(`cannot_persist cannot make the lock ${refreshLock}: EROFS`);
    expect(lockNames()).toEqual([]);
  });

  root.it("says cannot_persist when the file system of the directory is full", async () => {
    const holder = holderUnder(`mount -t tmpfs -o nr_inodes=1 none ${directory}`);
    expect(await holder.line()).toBe(`cannot_persist cannot make the lock ${refreshLock}: ENOSPC`);
  });

  root.it("takes over a lock that was copied into an image (overlay file system)", async () => {
    mkdirSync(refreshLock);
    const at = new Date(Date.now() - 120_000);
    utimesSync(refreshLock, at, at);
    const [upper, work] = [join(parent, "upper"), join(parent, "work")];
    mkdirSync(upper);
    mkdirSync(work);
    const under = [
      "unshare",
      "-m",
      "sh",
      "-ec",
      `mount -t overlay overlay -o lowerdir=${directory},upperdir=${upper},workdir=${work},redirect_dir=off ${directory}
       exec "$@"`,
      "-",
    ];
    const holder = startProgram("hold", [directory, "20000", "refresh", "20"], { under });
    expect(await holder.line()).toBe("held");
    holder.say("ask");
    expect(await holder.line()).toBe("true");
  });

  root.it("goes on without the second lock when another user owns the parent", async () => {
    const nobody = 65_534;
    chmodSync(parent, 0o755);
    chownSync(directory, nobody, nobody);
    const under = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
    const holder = startProgram("hold", [directory, "0"], { under });
    expect(await holder.line()).toBe("held");
    expect(lockNames()).toEqual(BOTH.slice(0, 2));
  });

  root.it("says cannot_persist when another user owns the directory", async () => {
    chmodSync(parent, 0o755);
    chmodSync(directory, 0o755);
    const under = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const holder = startProgram("hold", [directory, "0"], { under });
    expect(await holder.line()).toBe(`cannot_persist cannot make the lock ${refreshLock}: EACCES`);
  });
});

const linux = needs("linux");

describe("a holder that does not come back", () => {
  linux.it("is recognised by its owner file at once after kill -9", async () => {
    const holder = startProgram("hold", [directory]);
    expect(await holder.line()).toBe("held");
    holder.child.kill("SIGKILL");
    expect(await holder.end).toBeNull();
    expect(lockNames()).toEqual(BOTH);
    const result = await locksHere({ waitMs: 0 }).withRefreshLocks((lock) => lock.isHeld());
    expect(result).toEqual({ done: true });
    expect(lockNames()).toEqual([]);
  });

  linux.it("is recognised in the write lock, too", async () => {
    const holder = startProgram("hold", [directory, "0", "write"]);
    expect(await holder.line()).toBe("held");
    holder.child.kill("SIGKILL");
    await holder.end;
    const result = await locksHere({ waitMs: 0 }).withWriteLock((lock) => lock.isHeld());
    expect(result).toEqual({ done: true });
    expect(lockNames()).toEqual([]);
  });

  linux.it(
    "knows after SIGSTOP and SIGCONT that it lost the locks, and leaves the thief's alone",
    async () => {
      const holder = startProgram("hold", [directory]);
      expect(await holder.line()).toBe("held");
      holder.child.kill("SIGSTOP");
      const old = Date.now() / 1000 - 61;
      utimesSync(refreshLock, old, old);
      utimesSync(legacyLock, old, old);
      await locksHere({ speed: 20, waitMs: 60_000 }).withRefreshLocks(async (thief) => {
        holder.child.kill("SIGCONT");
        holder.say("ask");
        expect(await holder.line()).toBe("false");
        holder.say("release");
        expect(await holder.end).toBe(0);
        expect(lockNames()).toEqual(BOTH);
        expect(await thief.isHeld()).toBe(true);
      });
      expect(lockNames()).toEqual([]);
    },
  );

  linux.it("that was only asleep still has its locks, and says so", async () => {
    const holder = startProgram("hold", [directory]);
    expect(await holder.line()).toBe("held");
    holder.child.kill("SIGSTOP");
    await realClock().sleep(400);
    holder.child.kill("SIGCONT");
    holder.say("ask");
    expect(await holder.line()).toBe("true");
  });

  linux.it(
    "leaves an orphan that many takers at once get one after the other",
    async () => {
      const file = join(parent, "count");
      writeFileSync(file, "0");
      const takers = 6;
      const holder = startProgram("hold", [directory]);
      expect(await holder.line()).toBe("held");
      // They all wait for it, and so all see the same orphan.
      const counters = Array.from({ length: takers }, () =>
        startProgram("count-ours", [directory, file, "5"]),
      );
      await realClock().sleep(800);
      holder.child.kill("SIGKILL");
      expect(await Promise.all(counters.map(({ end }) => end))).toEqual(Array(takers).fill(0));
      expect(readFileSync(file, "utf8")).toBe(String(takers * 5));
      expect(lockNames()).toEqual([]);
    },
    30_000,
  );
});
