import PQueue from "p-queue";

/** Lets so many works run at once; the others wait in the order in which they came, and those of one key for each other. */
export interface Queue {
  /** A work that waits is given up when `signal` aborts; one that runs is waited for, for it may have a child to end. */
  add<T>(work: () => Promise<T>, terms: Terms): Promise<T>;
  counts(): { readonly running: number; readonly waiting: number };
}

interface Terms {
  readonly signal: AbortSignal;
  /** The session that a work goes on with. */
  readonly key: string | undefined;
}

export function queueOf(concurrency: number): Queue {
  const places = new PQueue({ concurrency });
  const turns = new Map<string, Promise<unknown>>();
  let waiting = 0;

  /** A work takes no place while it waits for another of its key. */
  const inTurn = async <T>(key: string | undefined, work: () => Promise<T>): Promise<T> => {
    if (key === undefined) return work();
    const before = turns.get(key);
    const turn = before === undefined ? work() : before.then(work, work);
    turns.set(key, turn);
    try {
      return await turn;
    } finally {
      if (turns.get(key) === turn) turns.delete(key);
    }
  };

  return {
    add(work, { signal, key }) {
      const leaving = Promise.withResolvers<never>();
      let isWaiting = true;
      waiting += 1;
      const leaveLine = () => {
        if (isWaiting) waiting -= 1;
        isWaiting = false;
        signal.removeEventListener("abort", leave);
      };
      const leave = () => {
        leaveLine();
        leaving.reject(signal.reason);
      };
      signal.addEventListener("abort", leave);
      if (signal.aborted) leave();
      const started = () => {
        leaveLine();
        signal.throwIfAborted();
        return work();
      };
      return Promise.race([inTurn(key, () => places.add(started)), leaving.promise]);
    },
    counts: () => ({ running: places.pending, waiting }),
  };
}
