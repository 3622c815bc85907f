import type { CliLocks, HeldLock } from "../core/ports.ts";
import { type Delay, noDelay } from "./memory-store.ts";

/** Locks in memory, and a way to take them from whoever has them, as a suspend does. */
export interface MemoryLocks extends CliLocks {
  /** Whoever holds a lock now holds it no more, and does not know; the next in line gets it. */
  lose(): void;
}

/** The CLI's two kinds of lock for every store that is given this object: first come, first served, `busy` never. */
export function memoryLocks(delay: Delay = noDelay): MemoryLocks {
  const refresh = line(delay, "locks.refresh");
  const write = line(delay, "locks.write");
  return {
    withRefreshLocks: refresh.take,
    withWriteLock: write.take,
    lose() {
      refresh.lose();
      write.lose();
    },
  };
}

function line(delay: Delay, step: string) {
  let holder: symbol | null = null;
  const waiting: (() => void)[] = [];

  function release(owner: symbol): void {
    if (holder !== owner) return;
    holder = null;
    waiting.shift()?.();
  }

  async function take<T>(task: (lock: HeldLock) => Promise<T>): Promise<{ done: T }> {
    const owner = Symbol(step);
    await delay(step);
    while (holder !== null) await new Promise<void>((resolve) => waiting.push(resolve));
    holder = owner;
    try {
      return { done: await task({ isHeld: () => Promise.resolve(holder === owner) }) };
    } finally {
      release(owner);
    }
  }

  return { take, lose: () => holder !== null && release(holder) };
}
