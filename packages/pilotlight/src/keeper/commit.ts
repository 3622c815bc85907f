import {
  type Credential,
  type Fingerprint,
  isBlanked,
  isSamePair,
  type Pair,
  pairOf,
} from "../core/credential.ts";
import type { Outcome } from "../core/outcome.ts";
import type { HeldLock, JournalRecord, LoginRecord, WriteResult } from "../core/ports.ts";
import { GRANT_PATIENCE } from "../core/schedule.ts";
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
  const { journal } = parts;
  // A state disk that filled up meanwhile must not cost the rotation: the store is the better place anyway.
  await journal.write({ ...intent, step: "result", issued }).catch(() => undefined);
  const result = await writeOverSpent(parts, issued, intent.from, lock);
  switch (result.kind) {
    case "lock_lost":
      return "look_again";
    case "written":
      await remember(parts, intent, issued);
      await close(parts, intent);
      return { kind: as, from: intent.from, credential: issued };
    case "conflict": {
      const theirs = result.credential;
      // An earlier run got as far as the store and no further.
      const isOurs = isSamePair(pairOf(theirs), pairOf(issued));
      if (!isOurs) await journal.archive(issued);
      if (isOurs) await remember(parts, intent, issued);
      else await noteUsedUp(parts, usedUpBy(intent, issued));
      await close(parts, intent);
      return { kind: "adopted", from: intent.from, credential: theirs };
    }
    case "absent":
      await journal.archive(issued);
      await noteUsedUp(parts, usedUpBy(intent, issued));
      await close(parts, intent);
      return { kind: "unchanged", reason: "logged_out", credential: null };
  }
}

/** A backup of a spent pair, put back while the grant was in flight, is nobody's newer login: ours wins over it. */
async function writeOverSpent(
  parts: KeeperParts,
  issued: Credential,
  from: Pair,
  lock: HeldLock,
): Promise<WriteResult> {
  const result = await parts.store.write(issued, from, lock);
  if (result.kind !== "conflict") return result;
  const theirs = pairOf(result.credential);
  const { spent } = await parts.records.read();
  const isOurs = isSamePair(theirs, pairOf(issued));
  if (isOurs || theirs.refresh === null || !spent.includes(theirs.refresh)) return result;
  return parts.store.write(issued, theirs, lock);
}

/** Takes `invalid_grant` as the end of the login, unless the store has moved on meanwhile. */
export async function markEnded(
  parts: KeeperParts,
  intent: JournalRecord,
  detail: string,
): Promise<Outcome> {
  const { store, records, clock } = parts;
  const { from } = intent;
  const entry = await store.read();
  const theirs =
    entry.state === "present" && !isBlanked(entry.credential) ? entry.credential : null;
  const isMoved = theirs !== null && !isSamePair(pairOf(theirs), from);
  const { refresh } = from;
  if (refresh !== null) {
    const record = await records.read();
    const verdict = { kind: "ended", refresh, at: clock.now(), code: "login_ended" } as const;
    await records.write({
      ...record,
      spent: spentWith(record, refresh),
      verdict: isMoved ? record.verdict : verdict,
    });
  }
  // In this order: a journal without its stage would call a known answer doubtful.
  await parts.journal.clear();
  await parts.grants[intent.driver].tidy();
  if (isMoved) return { kind: "adopted", from, credential: theirs };
  return { kind: "dead", code: "login_ended", detail };
}

/** The whole life in ms, if it is known when it began. */
function lifeOf({ expiresAt }: Credential, { at }: JournalRecord, now: number): number | null {
  if (expiresAt === null || now - at > GRANT_PATIENCE || now < at) return null;
  return Math.max(0, expiresAt - now);
}

async function remember(
  parts: KeeperParts,
  intent: JournalRecord,
  issued: Credential,
): Promise<void> {
  const record = await parts.records.read();
  const now = parts.clock.now();
  const access = issued.accessToken?.fingerprint;
  // A replay may come after somebody's word that the server has rejected this very token.
  const isRejected = record.verdict?.kind === "rejected" && record.verdict.access === access;
  const proved =
    access === undefined ? null : ({ kind: "proved", access, at: now, by: "refresh" } as const);
  await parts.records.write({
    spent: spentWith(record, usedUpBy(intent, issued)),
    verdict: isRejected ? record.verdict : proved,
    generation: issued,
    // What a replay stores was issued at some time before: then its life cannot be told.
    lifeLength: lifeOf(issued, intent, now) ?? record.lifeLength,
  });
}

/** Remembers a refresh token that was rejected, spent, or sent with its answer lost and left behind: never send it again. */
export async function noteUsedUp(parts: KeeperParts, refresh: Fingerprint | null): Promise<void> {
  const record = await parts.records.read();
  const spent = spentWith(record, refresh);
  if (spent !== record.spent) await parts.records.write({ ...record, spent });
}

/** A refresh token is spent when its use brought a different one; servers that do not rotate exist. */
function usedUpBy({ from }: JournalRecord, issued: Credential): Fingerprint | null {
  return from.refresh === pairOf(issued).refresh ? null : from.refresh;
}

function spentWith({ spent }: LoginRecord, refresh: Fingerprint | null): readonly Fingerprint[] {
  if (refresh === null || spent.includes(refresh)) return spent;
  return [...spent, refresh].slice(-SPENT_KEPT);
}

async function close(parts: KeeperParts, intent: JournalRecord): Promise<void> {
  await parts.grants[intent.driver].tidy();
  await parts.journal.clear();
}
