// Takes the lock at argv[2] and has nothing more to do.
import { directoryLock } from "../../../../src/claude/locking/directory-lock.ts";
import { realClock } from "./clocks.ts";

const lock = directoryLock({
  path: process.argv[2] ?? "",
  clock: realClock(),
  heartbeatMs: 20,
  orphan: { age: 60_000, quiet: 10_000, quietInFuture: 60_000 },
  isHolderDead: () => false,
});
console.log((await lock.tryTake()).kind);
