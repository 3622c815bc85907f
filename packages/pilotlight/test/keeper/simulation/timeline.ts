import type { Clock } from "../../../src/core/ports.ts";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Virtual time: nothing takes any, except what sleeps. Events of one moment fire in the order they were made. */
export class Timeline {
  /** ms since the start; never goes back. */
  now = 0;
  #order = 0;
  #heap: Event[] = [];

  after(ms: number, fire: () => void): void {
    this.#push({ at: this.now + Math.max(0, ms), order: this.#order++, fire });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Lets time pass until `end`, or until `isOver` says so. */
  async run(end: number, isOver: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > end || isOver()) break;
      this.#pop();
      this.now = next.at;
      next.fire();
      // Everything that this event set off must come to rest before time moves on.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!isOver()) this.now = Math.max(this.now, end);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** The clock of one host: its `now` can be set wrong, its `monotonic` cannot. */
export class HostClock implements Clock {
  /** ms that `now` is wrong by. */
  error = 0;
  readonly #timeline: Timeline;
  readonly #epoch: number;

  constructor(timeline: Timeline, epoch: number) {
    this.#timeline = timeline;
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#timeline.now + this.error;
  }

  monotonic(): number {
    return this.#timeline.now;
  }

  sleep(ms: number): Promise<void> {
    return this.#timeline.sleep(ms);
  }
}
