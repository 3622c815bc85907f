// Says whether the owner file argv[2] names a dead holder of the lock born at argv[3].
import { lockOwner } from "../../../../src/claude/locking/lock-owner.ts";

console.log(lockOwner(process.argv[2] ?? "").isDead("lock", Number(process.argv[3])));
