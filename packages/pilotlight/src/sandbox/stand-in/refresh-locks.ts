import { lstatSync, mkdirSync, realpathSync, rmdirSync, utimesSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lockOwner } from "../../claude/locking/lock-owner.ts";
import type { Setting } from "./setting.ts";

/**
 * `settled`: somebody else's refresh ended while this one waited. `busy`: held by a living process. `stuck`: held by
 * nobody, and too young to be taken. `impossible`: it cannot be made here.
 */
export type Locking = Held | "settled" | "busy" | "stuck" | "impossible";

/** Locks that are held. */
export interface Held {
  release(): void;
}

/** Touches a held lock so often (ms). */
const HEARTBEAT = 5_000;
const POLL = 200;

interface Rule {
  /** ms after which an untouched lock is taken at once. */
  readonly stale: number;
  /** ms to wait for one that is held. */
  readonly patience: number;
}

/** Measured on 2.1.329 and 2.1.104, 2026-11: 7.7 s, and 5 to 8 s. */
const NEW_RULE: Rule = { stale: 60_000, patience: 7_500 };
const OLD_RULE: Rule = { stale: 10_000, patience: 6_500 };
const WRITE_RULE: Rule = { stale: 15_000, patience: 10_000 };

/** Takes the locks around a refresh, as the build does. `isSettled` is asked while it waits. */
export async function takeRefreshLocks(
  { build, lockDir }: Setting,
  isSettled: () => boolean,
): Promise<Locking> {
  const real = realOf(lockDir);
  const outer = join(dirname(real), `${basename(real)}.lock`);
  if (!build.blanks) return takeOne(outer, OLD_RULE, () => false, never);
  const path = join(real, ".oauth_refresh.lock");
  const owner = lockOwner(`${path}.owner`);
  const first = await takeOne(path, NEW_RULE, isSettled, (birth) => owner.isDead("lock", birth));
  if (typeof first === "string") return first;
  const isDead = (birth: number) => owner.isDead("legacy", birth);
  const second = await takeOne(outer, NEW_RULE, isSettled, isDead);
  // A closed parent directory is no obstacle to the newer build (measured 2026-11).
  if (typeof second === "string" && second !== "impossible") {
    first.release();
    return second;
  }
  owner.write({ lock: birthOf(path), legacy: second === "impossible" ? null : birthOf(outer) });
  return {
    release() {
      if (second !== "impossible") second.release();
      owner.remove();
      first.release();
    },
  };
}

/** Runs `task` inside the short lock that newer builds take around a write of the file; without it where it cannot be had. */
export async function underWriteLock<T>(setting: Setting, task: () => T): Promise<T> {
  if (!setting.build.replacesFile) return task();
  const path = join(realOf(setting.lockDir), ".storage-write.lock");
  const held = await takeOne(path, WRITE_RULE, () => false, never);
  try {
    return task();
  } finally {
    if (typeof held !== "string") held.release();
  }
}

const never = () => false;

async function takeOne(
  path: string,
  rule: Rule,
  isSettled: () => boolean,
  isHolderDead: (birth: number) => boolean,
): Promise<Locking> {
  const deadline = performance.now() + rule.patience;
  const touchedAt = mtimeOf(path);
  let isAlive = false;
  for (;;) {
    const refusal = make(path);
    if (refusal === null) return hold(path);
    if (refusal !== "EEXIST") return "impossible";
    const touched = mtimeOf(path);
    if (touched !== null && Date.now() - touched >= rule.stale) remove(path);
    else {
      isAlive ||= touchedAt !== null && touched !== null && touched !== touchedAt;
      if (performance.now() >= deadline) {
        if (!isHolderDead(birthOf(path))) return isAlive ? "busy" : "stuck";
        remove(path);
        continue;
      }
      await sleep(POLL);
      if (isSettled()) return "settled";
    }
  }
}

const held = new Set<string>();

/** Removes every lock this process holds: the builds do so when a signal ends them (measured 2026-11). */
export function releaseAll(): void {
  for (const path of [...held].toReversed()) remove(path);
}

function hold(path: string): Held {
  held.add(path);
  const beat = setInterval(() => touch(path), HEARTBEAT).unref();
  return {
    release() {
      clearInterval(beat);
      held.delete(path);
      remove(path);
    },
  };
}

function make(path: string): string | null {
  try {
    mkdirSync(path);
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  }
}

function remove(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody else was faster.
  }
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // It was taken away; the builds notice no more than this.
  }
}

function mtimeOf(path: string): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function birthOf(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.birthtimeMs ?? 0;
}

function realOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
