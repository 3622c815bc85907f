// Takes the lock argv[2] argv[4] times and adds 1 to the file argv[3] each time; every other time it leaves an orphan
// behind, marked as such, which all the others see at once and want.
import { existsSync, statSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { directoryLock } from "../../../../src/claude/locking/directory-lock.ts";
import { addOne } from "./add-one.ts";
import { realClock } from "./clocks.ts";

const [path = "", file = "", times = "1"] = process.argv.slice(2);
const markOf = (birth: number) => `${path}.left.${birth}`;
const never = Number.MAX_SAFE_INTEGER;

/** One waiter, which learns from look to look. */
const waiter = () =>
  directoryLock({
    path,
    clock: realClock(4),
    heartbeatMs: 1_000_000,
    // Who is put aside for longer than a moment gives its lock up, and leaves it behind when it is put back.
    orphan: { age: 5_000, quiet: 4_000, quietInFuture: never },
    isHolderDead: (birth) => existsSync(markOf(birth)),
  });

let lock = waiter();
for (let n = 0; n < Number(times);) {
  const attempt = await lock.tryTake();
  if (attempt.kind === "impossible") throw new Error(attempt.code);
  if (attempt.kind === "taken") {
    lock = waiter();
    if (await attempt.held.isHeld()) {
      await addOne(file);
      n++;
      if (n % 2 === 0) attempt.held.release();
      else writeFileSync(markOf(statSync(path).birthtimeMs), "");
    }
  }
  await setTimeout(Math.random() * 5);
}
