import { describe, expect, it } from "vitest";
import { queueOf } from "../../src/orchestrator/queue.ts";

const NEVER = new AbortController().signal;

/** Works that end when they are told to, and note when they begin. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      begun.push(name);
      ends.set(name, () => resolve(name));
    });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (name: string) => {
    ends.get(name)?.();
    await turn();
  };
  return { begun, work, end, turn };
}

describe("a queue of asks", () => {
  it("lets so many run, and the others in the order in which they came", async () => {
    const { begun, work, end, turn } = works();
    const queue = queueOf(2);
    for (const name of ["a", "b", "c", "d"]) {
      void queue.add(work(name), { signal: NEVER, key: undefined });
    }
    await turn();
    expect(begun).toEqual(["a", "b"]);
    expect(queue.counts()).toEqual({ running: 2, waiting: 2 });
    await end("b");
    expect(begun).toEqual(["a", "b", "c"]);
    await end("a");
    expect(begun).toEqual(["a", "b", "c", "d"]);
    await end("c");
    await end("d");
    expect(queue.counts()).toEqual({ running: 0, waiting: 0 });
  });

  it("never lets two of a session run, and none of them holds a place meanwhile", async () => {
    const { begun, work, end, turn } = works();
    const queue = queueOf(2);
    const same = { signal: NEVER, key: "s" };
    const first = queue.add(work("a"), same);
    for (const name of ["b", "c"]) void queue.add(work(name), same);
    void queue.add(work("other"), { signal: NEVER, key: undefined });
    await turn();
    expect(begun).toEqual(["a", "other"]);
    await end("a");
    expect(await first).toBe("a");
    expect(begun).toEqual(["a", "other", "b"]);
    await end("b");
    expect(begun).toEqual(["a", "other", "b", "c"]);
  });

  it("gives up a work that waits at once, and waits for one that runs", async () => {
    const { begun, work, end, turn } = works();
    const queue = queueOf(1);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = queue.add(work("a"), { signal: running.signal, key: undefined });
    const second = queue.add(work("b"), { signal: waiting.signal, key: undefined });
    await turn();
    waiting.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    running.abort();
    await end("a");
    expect(await first).toBe("a");
    await turn();
    expect(begun).toEqual(["a"]);
    expect(queue.counts()).toEqual({ running: 0, waiting: 0 });
  });

  it("goes on after a work that failed", async () => {
    const queue = queueOf(1);
    const failed = queue.add(() => Promise.reject(new Error("no")), { signal: NEVER, key: "s" });
    const next = queue.add(() => Promise.resolve("yes"), { signal: NEVER, key: "s" });
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });
});
