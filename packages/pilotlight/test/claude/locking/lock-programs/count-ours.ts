// Adds 1 to the number in the file argv[3], argv[4] times, each time under the refresh locks of argv[2].
import { claudeLocks } from "../../../../src/claude/locking/locks.ts";
import { realClock } from "./clocks.ts";
import { addOne } from "./add-one.ts";

const [directory = "", file = "", times = "1"] = process.argv.slice(2);
// Ten times as fast: what is proved is exclusion, not patience.
const locks = claudeLocks({ directory, clock: realClock(10), waitMs: 600_000, heartbeatMs: 200 });
for (let n = 0; n < Number(times); n++) {
  const result = await locks.withRefreshLocks(async (lock) => {
    await addOne(file);
    if (!(await lock.isHeld())) throw new Error("lost the lock");
  });
  if ("busy" in result) throw new Error(result.busy);
}
