import type { HeldLock, LoginRecords, RefreshGrant } from "../core/ports.ts";
import type { KeeperParts } from "./parts.ts";

/** A lock can be lost to a suspend; whoever wakes up tries again this often before it gives up. */
export const LOCK_TRIES = 3;

/** Thrown before an effect that the lock no longer covers. Never leaves this room. */
export class LockLost extends Error {}

/**
 * The same parts, but every effect on shared state first makes sure that the lock is still ours:
 * a suspend may have cost it, and then another keeper's journal, records and stage lie there.
 */
export function fenced(parts: KeeperParts, lock: HeldLock): KeeperParts {
  const whileHeld = guardedBy(lock);
  const { journal, records, grants } = parts;
  const fencedGrant = (grant: RefreshGrant): RefreshGrant => ({
    ...grant,
    prepare: () => whileHeld(() => grant.prepare()),
    spend: (credential, started) => whileHeld(() => grant.spend(credential, started)),
    tidy: () => whileHeld(() => grant.tidy()),
  });
  return {
    ...parts,
    journal: {
      ...journal,
      write: (record) => whileHeld(() => journal.write(record)),
      clear: () => whileHeld(() => journal.clear()),
      archive: (credential) => whileHeld(() => journal.archive(credential)),
    },
    records: fencedRecords(records, lock),
    grants: { cli: fencedGrant(grants.cli), endpoint: fencedGrant(grants.endpoint) },
  };
}

/** What is remembered, likewise: another's later word must not be written over by one from before a suspend. */
export function fencedRecords(records: LoginRecords, lock: HeldLock): LoginRecords {
  const whileHeld = guardedBy(lock);
  return { ...records, write: (record) => whileHeld(() => records.write(record)) };
}

function guardedBy(lock: HeldLock) {
  return async <T>(effect: () => Promise<T>): Promise<T> => {
    if (!(await lock.isHeld())) throw new LockLost("the lock was lost");
    return effect();
  };
}
