/** Who is due when: one time per key, the earliest first. A key costs O(log n) to set and to take. */
export interface TimerHeap<K> {
  /** Sets or moves the time of `key`. */
  set(key: K, at: number): void;
  delete(key: K): void;
  /** The earliest time; `Infinity` when nothing is waited for. */
  next(): number;
  /** Takes out one key whose time has come, the earliest first; `undefined` when there is none. */
  take(now: number): K | undefined;
}

interface Timer<K> {
  readonly key: K;
  readonly at: number;
}

export function timerHeap<K>(): TimerHeap<K> {
  // What was moved stays in the heap until it comes up, and is then no longer the one in the map.
  const current = new Map<K, Timer<K>>();
  let heap: Timer<K>[] = [];

  const top = (): Timer<K> | undefined => {
    for (let [first] = heap; first !== undefined; [first] = heap) {
      if (current.get(first.key) === first) return first;
      pop(heap);
    }
    return undefined;
  };

  return {
    set(key, at) {
      const timer = { key, at };
      current.set(key, timer);
      push(heap, timer);
      // Keys that are moved again and again must not fill the memory.
      if (heap.length > 64 + 4 * current.size) {
        heap = [...current.values()].toSorted((a, b) => a.at - b.at);
      }
    },
    delete: (key) => void current.delete(key),
    next: () => top()?.at ?? Number.POSITIVE_INFINITY,
    take(now) {
      const first = top();
      if (first === undefined || first.at > now) return undefined;
      pop(heap);
      current.delete(first.key);
      return first.key;
    },
  };
}

function push<K>(heap: Timer<K>[], timer: Timer<K>): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!swapIfLater(heap, parent, at)) return;
    at = parent;
  }
}

function pop<K>(heap: Timer<K>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  for (let at = 0; ;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    const child = (heap[right]?.at ?? Infinity) < (heap[left]?.at ?? Infinity) ? right : left;
    if (child >= heap.length || !swapIfLater(heap, at, child)) return;
    at = child;
  }
}

/** @returns whether the upper one was later than the lower. */
function swapIfLater<K>(heap: Timer<K>[], upper: number, lower: number): boolean {
  const [a, b] = [heap[upper], heap[lower]];
  if (a === undefined || b === undefined || a.at <= b.at) return false;
  heap[upper] = b;
  heap[lower] = a;
  return true;
}
