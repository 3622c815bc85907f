import { PilotlightError } from "../core/errors.ts";
import type { Outcome } from "../core/outcome.ts";
import type { HeldLock, RefreshGrant } from "../core/ports.ts";
import { fenced, LOCK_TRIES, LockLost } from "./fence.ts";
import type { KeeperParts } from "./parts.ts";
import { recover } from "./recover.ts";
import { restore } from "./restore.ts";

interface Finished {
  readonly done: boolean;
  readonly detail: string;
}

/**
 * The part of a refresh before anything is spent: replays the journal, and puts the last unused
 * generation back into a store that was blanked or holds a spent one.
 * @throws PilotlightError what reading or writing the login throws
 */
export async function finishRefresh(parts: KeeperParts): Promise<Finished> {
  const thrifty = unspending(parts);
  for (let tries = 1; ; tries += 1) {
    const held = await thrifty.store.withLock((lock) =>
      underLock(fenced(thrifty, lock), lock).catch((error: unknown) => {
        if (error instanceof LockLost) return null;
        throw error;
      }),
    );
    if ("busy" in held) return { done: false, detail: held.busy };
    if (held.done !== null) return held.done;
    if (tries === LOCK_TRIES) return { done: false, detail: "the lock was lost again and again" };
  }
}

/** @returns `null` when the ground moved: take the locks and read everything again. */
async function underLock(parts: KeeperParts, lock: HeldLock): Promise<Finished | null> {
  const recovered = await recover(parts, { force: false, minTtl: 0 }, lock);
  if (recovered.kind === "settled") {
    if (recovered.outcome === "look_again") return null;
    parts.tell({ kind: "outcome", outcome: recovered.outcome });
    return finishedBy(recovered.outcome);
  }
  // Cleared for one more try, which would spend a token.
  if ((await parts.journal.read()) !== null) {
    const detail = "its answer was never seen; the next refresh tries once more";
    return { done: false, detail };
  }
  const entry = await parts.store.read();
  if (entry.state !== "present") return { done: true, detail: "the journal is settled" };
  const restored = await restore(parts, entry.credential, lock);
  if (restored === "look_again") return null;
  switch (restored.kind) {
    case "restored":
      return { done: true, detail: "the last unused generation is back in the store" };
    case "intact":
      return recovered.adopted === null
        ? { done: true, detail: "the journal is settled" }
        : finishedBy(recovered.adopted);
    case "dead":
      return { done: false, detail: restored.detail };
  }
}

function finishedBy(outcome: Outcome): Finished {
  switch (outcome.kind) {
    case "refreshed":
    case "adopted":
      return { done: true, detail: "what the earlier refresh brought is in the store" };
    case "unchanged":
      return { done: true, detail: "the journal is settled" };
    case "deferred":
    case "in_doubt":
    case "dead":
      return { done: false, detail: `${outcome.code}: ${outcome.detail}` };
  }
}

/** The same parts, but whoever tried to spend a token would meet a wall. */
function unspending(parts: KeeperParts): KeeperParts {
  const refuse = () =>
    Promise.reject(new PilotlightError("bug", "a repair went to spend a refresh token"));
  const wall = (grant: RefreshGrant): RefreshGrant => ({
    ...grant,
    prepare: refuse,
    spend: refuse,
  });
  return {
    ...parts,
    grants: { cli: wall(parts.grants.cli), endpoint: wall(parts.grants.endpoint) },
  };
}
