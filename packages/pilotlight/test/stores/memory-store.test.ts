import { expect, it } from "vitest";
import { memoryLocks } from "../../src/stores/memory-locks.ts";
import { type MemoryDocument, memoryStore } from "../../src/stores/memory-store.ts";
import { describeStore, format } from "./contract.ts";
import { documentOf, generation, pair } from "./fixtures/credentials.ts";

describeStore("the memory store", (locks) => {
  const document: MemoryDocument = { text: null };
  return Promise.resolve({
    store: memoryStore({ document, format, locks }),
    put: (text) => Promise.resolve(void (document.text = text)),
    text: () => Promise.resolve(document.text),
    cleanup: () => Promise.resolve(),
  });
});

it("lets a simulation come between any two steps", async () => {
  const document: MemoryDocument = { text: documentOf("a") };
  const steps: string[] = [];
  const delay = (step: string) => {
    steps.push(step);
    if (step === "store.verify") document.text = documentOf("theirs");
    return Promise.resolve();
  };
  const store = memoryStore({ document, format, locks: memoryLocks(delay), delay });
  const result = await store.withLock((lock) => store.write(generation("b"), pair("a"), lock));
  expect(result).toMatchObject({ done: { kind: "conflict" } });
  expect(steps).toEqual([
    "locks.refresh",
    "store.write",
    "locks.write",
    "store.commit",
    "store.verify",
  ]);
});
