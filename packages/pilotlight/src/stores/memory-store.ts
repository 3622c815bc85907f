import { isSamePair, pairOf } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { CliLocks, CredentialFormat, CredentialStore } from "../core/ports.ts";
import { decideWrite, type Live } from "./decide-write.ts";

/** A document that outlives the processes of a simulation; `text` is `null` after a logout. Others may write it too. */
export interface MemoryDocument {
  text: string | null;
}

/** Awaited before each step, so that a simulation can interleave, or let it fail by throwing. */
export type Delay = (step: string) => Promise<void>;

export const noDelay: Delay = () => Promise.resolve();

export interface MemoryStoreParts {
  readonly document: MemoryDocument;
  readonly format: CredentialFormat;
  readonly locks: CliLocks;
  readonly delay?: Delay;
}

/** A login in memory. Decides as the file store does, with the same gaps between looking and committing. */
export function memoryStore(parts: MemoryStoreParts): CredentialStore {
  const { document, format, locks, delay = noDelay } = parts;

  function look(): Live {
    const { text } = document;
    return { text, entry: text === null ? { state: "absent" } : format.parse(text) };
  }

  return {
    async read() {
      await delay("store.read");
      return look().entry;
    },

    withLock: (task, patience) => locks.withRefreshLocks(task, patience),

    proveWritable: () => delay("store.proveWritable"),

    async write(next, expected, lock) {
      await delay("store.write");
      const held = await locks.withWriteLock(async (writeLock) => {
        const decision = decideWrite(format, look(), next, expected);
        if (decision.kind !== "commit") return decision;
        await delay("store.commit");
        if (!(await lock.isHeld()) || !(await writeLock.isHeld())) {
          return { kind: "lock_lost" } as const;
        }
        document.text = decision.text;
        await delay("store.verify");
        const live = look();
        if (live.entry.state === "present") {
          if (isSamePair(pairOf(live.entry.credential), decision.pair)) {
            return { kind: "written" } as const;
          }
        }
        const after = decideWrite(format, live, next, expected);
        if (after.kind !== "commit") return after;
        throw new PilotlightError("cannot_persist", "what was written does not read back");
      });
      return "busy" in held ? { kind: "lock_lost" } : held.done;
    },

    async remove(lock) {
      await delay("store.remove");
      if (document.text === null) return { kind: "absent" };
      if (!(await lock.isHeld())) return { kind: "lock_lost" };
      document.text = format.without(document.text);
      return { kind: "written" };
    },
  };
}
