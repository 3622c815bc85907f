import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { assembleContext } from "../../src/core/assemble-context.ts";
import { printQuestion } from "../../src/core/print-question.ts";
import type { ContextStore } from "../../src/storage/context-store.ts";
import { sqliteStore } from "../../src/storage/sqlite-store.ts";
import { draft, fact, NOW } from "../support/invented.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOM = { hot: 50, batch: 100, facts: 200, characters: 80_000 };
const RUNS = 500;
/** ms. */
const LIMIT = 20;

it("assembles a context of 100,000 messages within 20 ms (p99)", async () => {
  const store = sqliteStore(join(temporaryFolder(), "context.db"));
  await store.putEntity({ id: "ada", name: "Ada", createdAt: NOW });
  const text = "They said that the valve on line seven has to be replaced before winter. ".repeat(
    3,
  );
  for (let part = 0; part < 100; part += 1) {
    const drafts = Array.from({ length: 1000 }, (_, at) => {
      const number = part * 1000 + at;
      return draft(`${number} ${text}`, {
        key: `k${number}`,
        sentAt: NOW + ((number * 7919) % 100_003),
      });
    });
    await store.addMessages("ada", drafts);
  }
  const changed = Array.from({ length: 500 }, (_, at) => fact(`f${at}`, `Fact number ${at}.`));
  await store.commit("ada", { revision: 0, readUpTo: 60_000, summary: "so", changed, at: NOW });

  const { wall, processor } = await p99(store);
  await store.close();
  const told = `p99 ${wall.toFixed(2)} ms, of them ${processor.toFixed(2)} ms at work`;
  console.log(`context of 100,000 messages: ${told} (load ${loadavg()[0]?.toFixed(1)})`);
  // Where others are at work as well, waiting for a processor is not what this measures.
  const isQuiet = (loadavg()[0] ?? 0) < availableParallelism();
  expect(isQuiet ? wall : processor).toBeLessThanOrEqual(LIMIT);
}, 60_000);

async function p99(store: ContextStore) {
  const wall: number[] = [];
  const processor: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const [started, before] = [performance.now(), process.cpuUsage()];
    const snapshot = await store.snapshot("ada", { hot: ROOM.hot, unread: ROOM.batch });
    if (snapshot === null) throw new Error("no snapshot");
    const assembly = assembleContext(snapshot, ROOM, false);
    const question = printQuestion(assembly);
    wall.push(performance.now() - started);
    const { user, system } = process.cpuUsage(before);
    processor.push((user + system) / 1000);
    // Some of the newest may be unread ones.
    expect(assembly.messages.length).toBeGreaterThan(140);
    expect(assembly.facts.length).toBe(200);
    expect(question.length).toBeGreaterThan(40_000);
  }
  return { wall: ninetyNinth(wall), processor: ninetyNinth(processor) };
}

function ninetyNinth(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Infinity;
}
