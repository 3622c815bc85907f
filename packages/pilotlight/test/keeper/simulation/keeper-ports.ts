import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { type Credential, isBlanked, isSamePair, pairOf } from "../../../src/core/credential.ts";
import { PilotlightError } from "../../../src/core/errors.ts";
import type {
  CredentialStore,
  HeldLock,
  Journal,
  LoginRecords,
  WriteResult,
} from "../../../src/core/ports.ts";
import type { Pair } from "../../../src/core/credential.ts";
import type { KeeperParts } from "../../../src/keeper/parts.ts";
import { type LockName, ownsLock, tryLock, unlock } from "./locks.ts";
import type { Process } from "./process.ts";
import { stagedCliGrant } from "./staged-cli.ts";
import type { World } from "./world.ts";

const LOCK_WAIT = 180_000;
const ORPHAN_AGE = 60_000;
const LOCKS: readonly LockName[] = ["refresh", "parent"];

/** What one run of a keeper works with: every call takes time, and may be its last. */
export function keeperParts(world: World, keeper: Process): KeeperParts {
  const grant = stagedCliGrant(world, keeper);
  return {
    store: storeOf(world, keeper),
    journal: journalOf(world, keeper),
    records: recordsOf(world, keeper),
    grants: { cli: grant, endpoint: grant },
    driver: "cli",
    clock: world.clock,
    jitter: 0.3,
    tell: (event) => world.witness.told(event, keeper),
  };
}

function storeOf(world: World, keeper: Process): CredentialStore {
  const { disk } = world;
  return {
    read: () =>
      keeper.step("read store", () => {
        keeper.lookedAt = world.timeline.now;
        return disk.read();
      }),
    async withLock(task, { waitMs = LOCK_WAIT, isMoot } = {}) {
      const held: LockName[] = [];
      const release = async () => {
        for (const name of held.toReversed())
          await keeper.step("unlock", () => unlock(disk, name, keeper));
      };
      const end = world.timeline.now + waitMs;
      for (const name of LOCKS) {
        const isMine = () => tryLock(disk, name, keeper, ORPHAN_AGE);
        while (!(await keeper.step("lock", isMine))) {
          if (world.timeline.now >= end || (await isMoot?.()) === true) {
            await release();
            return { busy: name };
          }
          await world.timeline.sleep(world.random.between(200, 2000));
        }
        held.push(name);
        keeper.lockedAt = world.timeline.now;
      }
      const isHeld = () => LOCKS.every((name) => ownsLock(disk, name, keeper));
      const lock: HeldLock = { isHeld: () => keeper.step("is held", isHeld) };
      try {
        return { done: await task(lock) };
      } finally {
        await release();
      }
    },
    proveWritable: () =>
      keeper.step("prove store", () => {
        if (!disk.isStoreWritable) throw new PilotlightError("cannot_persist", "store is full");
      }),
    write: (next, expected, lock) => write(world, keeper, next, expected, lock),
    remove: () => Promise.reject(new Error("nobody signs out here")),
  };
}

async function write(
  world: World,
  keeper: Process,
  next: Credential,
  expected: Pair | null,
  lock: HeldLock,
): Promise<WriteResult> {
  if (!(await lock.isHeld())) return { kind: "lock_lost" };
  return keeper.step("write store", (): WriteResult => {
    const { disk, faults, witness } = world;
    if (!LOCKS.every((name) => ownsLock(disk, name, keeper))) return { kind: "lock_lost" };
    const live = disk.read();
    if (live.state === "absent" && expected !== null) return { kind: "absent" };
    if (expected !== null && live.state === "present" && !isBlanked(live.credential)) {
      if (!isSamePair(pairOf(live.credential), expected))
        return { kind: "conflict", credential: live.credential };
    }
    if (!disk.isStoreWritable || faults.fails("store"))
      throw new PilotlightError("cannot_persist", "store is full");
    const before = disk.store;
    disk.put(credentialsFile.merge(before, next));
    witness.stored(before, next);
    return { kind: "written" };
  });
}

function journalOf(world: World, keeper: Process): Journal {
  const { disk, faults, witness } = world;
  const isFull = () => !disk.isJournalWritable || faults.fails("journal");
  const refuse = () => new PilotlightError("cannot_persist", "journal is full");
  return {
    read: () => keeper.step("read journal", () => disk.journal),
    write: (record) =>
      keeper.step(`write journal ${record.step}`, () => {
        if (record.issued !== null && isFull()) throw refuse();
        witness.journalChanges(record);
        disk.journal = record;
      }),
    clear: () =>
      keeper.step("clear journal", () => {
        witness.journalChanges(null);
        disk.journal = null;
      }),
    archive: (credential) =>
      keeper.step("archive", () => {
        if (isFull()) throw refuse();
        witness.archived(credential);
        disk.archive.push(credential);
      }),
    proveWritable: () =>
      keeper.step("prove journal", () => {
        if (!disk.isJournalWritable) throw refuse();
      }),
  };
}

function recordsOf(world: World, keeper: Process): LoginRecords {
  const { disk, witness } = world;
  return {
    read: () => keeper.step("read record", () => disk.record),
    write: (record) =>
      keeper.step("write record", () => {
        witness.remembers(record, keeper);
        disk.record = record;
      }),
  };
}
