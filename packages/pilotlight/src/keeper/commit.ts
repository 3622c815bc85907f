import { type Credential, isBlanked, isSamePair, type Pair, pairOf } from "../core/credential.ts";
import type { Fingerprint } from "../core/credential.ts";
import type { Outcome } from "../core/outcome.ts";
import type { HeldLock, JournalRecord, LoginRecord } from "../core/ports.ts";
import type { KeeperParts } from "./parts.ts";

/** An outcome, or word that the ground moved before the commit: take the locks and read everything again. */
export type Committed = Outcome | "look_again";

const SPENT_KEPT = 256;

/**
 * Brings what a grant issued into the store. The journal holds it from the first line on,
 * so a crash anywhere in here is finished by the next run.
 */
export async function commit(
  parts: KeeperParts,
  intent: JournalRecord,
  issued: Credential,
  as: "refreshed" | "adopted",
  lock: HeldLock,
): Promise<Committed> {
  const { store, journal } = parts;
  // A state disk that filled up meanwhile must not cost the rotation: the store is the better place anyway.
  await journal.write({ ...intent, step: "result", issued }).catch(() => undefined);
  const result = await store.write(issued, intent.from, lock);
  switch (result.kind) {
    case "lock_lost":
      return "look_again";
    case "written":
      await remember(parts, intent.from, issued);
      await close(parts, intent);
      return { kind: as, from: intent.from, credential: issued };
    case "conflict": {
      const theirs = result.credential;
      // An earlier run got as far as the store and no further.
      const isOurs = isSamePair(pairOf(theirs), pairOf(issued));
      if (!isOurs) await journal.archive(issued);
      await (isOurs ? remember(parts, intent.from, issued) : noteSpent(parts, intent.from, issued));
      await close(parts, intent);
      return { kind: "adopted", from: intent.from, credential: theirs };
    }
    case "absent":
      await journal.archive(issued);
      await noteSpent(parts, intent.from, issued);
      await close(parts, intent);
      return { kind: "unchanged", reason: "logged_out", credential: null };
  }
}

/** Takes `invalid_grant` as the end of the login, unless the store has moved on meanwhile. */
export async function markEnded(
  parts: KeeperParts,
  intent: JournalRecord,
  detail: string,
): Promise<Outcome> {
  const { store, records, clock } = parts;
  const entry = await store.read();
  if (entry.state === "present" && !isBlanked(entry.credential)) {
    if (!isSamePair(pairOf(entry.credential), intent.from)) {
      await close(parts, intent);
      return { kind: "adopted", from: intent.from, credential: entry.credential };
    }
  }
  const refresh = intent.from.refresh;
  if (refresh !== null) {
    const record = await records.read();
    const verdict = { kind: "ended", refresh, at: clock.now(), code: "login_ended" } as const;
    await records.write({ ...record, verdict });
  }
  await close(parts, intent);
  return { kind: "dead", code: "login_ended", detail };
}

async function remember(parts: KeeperParts, from: Pair, issued: Credential): Promise<void> {
  const record = await parts.records.read();
  const now = parts.clock.now();
  const access = issued.accessToken?.fingerprint;
  await parts.records.write({
    spent: spentAfter(record, from, issued),
    verdict: access === undefined ? null : { kind: "proved", access, at: now, by: "refresh" },
    generation: issued,
    lifeLength: issued.expiresAt === null ? null : Math.max(0, issued.expiresAt - now),
  });
}

async function noteSpent(parts: KeeperParts, from: Pair, issued: Credential): Promise<void> {
  const record = await parts.records.read();
  await parts.records.write({ ...record, spent: spentAfter(record, from, issued) });
}

/** A refresh token is spent when its use brought a different one; servers that do not rotate exist. */
function spentAfter(record: LoginRecord, from: Pair, issued: Credential): readonly Fingerprint[] {
  const used = from.refresh;
  if (used === null || used === pairOf(issued).refresh || record.spent.includes(used))
    return record.spent;
  return [...record.spent, used].slice(-SPENT_KEPT);
}

async function close(parts: KeeperParts, intent: JournalRecord): Promise<void> {
  await parts.grants[intent.driver].tidy();
  await parts.journal.clear();
}
