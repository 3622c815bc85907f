import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { timerHeap } from "../../src/keeper/timer-heap.ts";

describe("a heap of timers", () => {
  it("gives back whoever is due, the earliest first, as a sorted list would", () => {
    const act = fc.record({
      kind: fc.constantFrom("set", "set", "set", "delete", "take"),
      key: fc.integer({ min: 0, max: 12 }),
      at: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 400 }), (acts) => {
        const heap = timerHeap<number>();
        const model = new Map<number, number>();
        for (const { kind, key, at } of acts) {
          if (kind === "set") {
            heap.set(key, at);
            model.set(key, at);
          } else if (kind === "delete") {
            heap.delete(key);
            model.delete(key);
          } else {
            const earliest = Math.min(Infinity, ...model.values());
            expect(heap.next()).toBe(earliest);
            const taken = heap.take(at);
            if (earliest > at) expect(taken).toBeUndefined();
            else {
              expect(model.get(taken ?? -1)).toBe(earliest);
              model.delete(taken ?? -1);
            }
          }
        }
      }),
    );
  });

  it("stays as small as its keys, however often they are moved", () => {
    const heap = timerHeap<string>();
    for (let at = 100_000; at > 0; at -= 1) heap.set(at % 2 === 0 ? "a" : "b", at);
    expect(heap.next()).toBe(1);
    expect(heap.take(1)).toBe("b");
    expect(heap.take(2)).toBe("a");
    expect(heap.take(1_000_000)).toBeUndefined();
  });
});
