import { PilotlightError } from "../core/errors.ts";
import { EMPTY_RECORD } from "../core/ports.ts";
import { fencedRecords, LOCK_TRIES } from "./fence.ts";
import type { KeeperParts } from "./parts.ts";
import { recover } from "./recover.ts";

/**
 * Takes the login out of the store and out of what is remembered of it; a refresh under way is waited for, and what
 * others keep in the same document stays.
 * @returns false where there was none. @throws PilotlightError `lock_busy`, `cannot_persist`
 */
export async function signOut(parts: KeeperParts): Promise<boolean> {
  const { store, records } = parts;
  for (let tries = 1; tries <= LOCK_TRIES; tries += 1) {
    const held = await store.withLock(async (lock) => {
      const { kind } = await store.remove(lock);
      if (kind === "lock_lost") return "look_again";
      // With the login gone, whatever was open is settled: a logout wins.
      await recover(parts, { force: false, minTtl: 0 }, lock);
      const { spent } = await records.read();
      await fencedRecords(records, lock).write({ ...EMPTY_RECORD, spent });
      return kind;
    });
    if ("busy" in held) throw new PilotlightError("lock_busy", held.busy);
    if (held.done !== "look_again") return held.done === "written";
  }
  throw new PilotlightError("lock_busy", "the lock was lost again and again");
}
