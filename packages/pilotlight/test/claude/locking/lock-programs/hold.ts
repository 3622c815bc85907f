// Takes the refresh locks of argv[2] and says "held"; answers "ask" on stdin with isHeld(), and ends on "release".
// argv[3] is the time to wait in ms, argv[4] "write" for the write lock,
// argv[5] how many times as fast as real time it waits and watches.
import { createInterface } from "node:readline";
import { claudeLocks } from "../../../../src/claude/locking/locks.ts";
import { PilotlightError } from "../../../../src/core/errors.ts";
import type { HeldLock } from "../../../../src/core/ports.ts";
import { realClock } from "./clocks.ts";

const locks = claudeLocks({
  directory: process.argv[2] ?? "",
  clock: realClock(Number(process.argv[5] ?? 1)),
  waitMs: Number(process.argv[3] ?? 5_000),
  heartbeatMs: 100,
});
const task = async (lock: HeldLock) => {
  console.log("held");
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "release") break;
    console.log(await lock.isHeld());
  }
};
try {
  const isWrite = process.argv[4] === "write";
  const result = await (isWrite ? locks.withWriteLock(task) : locks.withRefreshLocks(task));
  if ("busy" in result) console.log(result.busy);
} catch (error) {
  if (!(error instanceof PilotlightError)) throw error;
  console.log(`${error.code} ${error.message}`);
}
process.stdin.destroy();
