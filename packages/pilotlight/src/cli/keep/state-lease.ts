import { join } from "node:path";
import { directoryLock, type OrphanRule } from "../../claude/locking/directory-lock.ts";
import type { HeldDirectory } from "../../claude/locking/held-directory.ts";
import { lockOwner } from "../../claude/locking/lock-owner.ts";
import type { Clock } from "../../core/ports.ts";
import { makePrivateDirectory } from "../../disk/directory.ts";
import type { Lease } from "../../keeper/keep-parts.ts";

/** ms between two touches; one login more is one touch more. */
const HEARTBEAT = 10_000;

/** For a keeper of another host or pid namespace, which nobody can ask. One of this host is asked. */
const ORPHAN: OrphanRule = { age: 60_000, quiet: 10_000, quietInFuture: 60_000 };

/** The lease of one login in a state directory. Where none can be made at all, there is no other keeper to wait for. */
export function stateLease(stateDir: string, login: string, clock: Clock): Lease {
  const path = join(stateDir, "keepers", `${login}.lock`);
  const owner = lockOwner(`${path}.owner`);
  const lock = directoryLock({
    path,
    clock,
    heartbeatMs: HEARTBEAT,
    orphan: ORPHAN,
    isHolderDead: (birth) => owner.isDead("lock", birth),
  });
  let held: HeldDirectory | null = null;
  return {
    async take() {
      if (held !== null && (await held.isHeld())) return true;
      held = null;
      try {
        await makePrivateDirectory(join(stateDir, "keepers"));
      } catch {
        return true;
      }
      const attempt = await lock.tryTake();
      if (attempt.kind !== "taken") return attempt.kind === "impossible";
      held = attempt.held;
      owner.write({ lock: held.birth, legacy: null });
      return true;
    },
    release() {
      if (held === null) return;
      owner.remove();
      held.release();
      held = null;
    },
  };
}
