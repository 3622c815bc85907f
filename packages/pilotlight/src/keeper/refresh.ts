import { type Credential, type Entry, isSamePair, type Pair, pairOf } from "../core/credential.ts";
import { PilotlightError, traitsOf } from "../core/errors.ts";
import type { Outcome } from "../core/outcome.ts";
import type { GrantResult, HeldLock, JournalRecord, LoginRecord } from "../core/ports.ts";
import type { RefreshOptions } from "../core/wanted.ts";
import { commit, type Committed, markEnded } from "./commit.ts";
import { fenced, LOCK_TRIES, LockLost } from "./fence.ts";
import { isSpent, isWanted } from "./judge.ts";
import type { KeeperParts } from "./parts.ts";
import { recover } from "./recover.ts";
import { restore } from "./restore.ts";

/**
 * Refreshes one login, once, whoever else wants the same at the same time:
 * read → phase → locks → read again → prove writable → journal intent → grant → journal result →
 * merge and write → verify → clear journal → tell.
 * @throws PilotlightError when there is no usable credential, or a result could not be kept here.
 */
export async function refresh(parts: KeeperParts, options: RefreshOptions): Promise<Outcome> {
  try {
    const outcome = await lookThenLock(parts, options);
    parts.tell({ kind: "outcome", outcome });
    return outcome;
  } catch (error) {
    if (error instanceof PilotlightError) {
      parts.tell({ kind: "failed", code: error.code, detail: error.message });
    }
    throw error;
  }
}

async function lookThenLock(parts: KeeperParts, options: RefreshOptions): Promise<Outcome> {
  const entry = await parts.store.read();
  // A journal may hold what a torn or blanked store lacks, so it is asked before the store is judged.
  // An old CLI writes in place under the lock, so what is torn is looked at again there, too.
  const isTorn = entry.state === "unreadable" && entry.code === "credential_corrupt";
  if (!isTorn && (await parts.journal.read()) === null) {
    const credential = presentIn(entry);
    const record = await parts.records.read();
    if (!isSpent(record, credential) && !isWanted(parts, credential, record, options)) {
      if (!isKnown(record, credential))
        await noteGeneration(parts, credential).catch(() => undefined);
      return { kind: "unchanged", reason: "fresh", credential };
    }
  }
  const seen = entry.state === "present" ? pairOf(entry.credential) : null;
  const isMoot = async () =>
    options.signal?.aborted === true || (await newerIn(parts, seen, options.minTtl)) !== null;
  for (let tries = 1; ; tries += 1) {
    const held = await parts.store.withLock(
      (lock) =>
        underLock(fenced(parts, lock), options, seen, lock).catch((error: unknown) => {
          if (error instanceof LockLost) return "look_again" as const;
          throw error;
        }),
      { isMoot },
    );
    if ("busy" in held) {
      const newer = await newerIn(parts, seen, options.minTtl);
      return newer ?? { kind: "deferred", code: "lock_busy", detail: held.busy, until: null };
    }
    if (held.done !== "look_again") return held.done;
    if (tries === LOCK_TRIES) {
      const detail = "the lock was lost again and again before a commit; nothing issued is lost";
      return { kind: "deferred", code: "lock_busy", detail, until: null };
    }
  }
}

/** The good generation that somebody stored since `seen`: whoever waits for the lock then needs it no more. */
async function newerIn(
  parts: KeeperParts,
  seen: Pair | null,
  minTtl: number,
): Promise<Outcome | null> {
  const entry = await parts.store.read();
  if (seen === null || entry.state !== "present") return null;
  const { credential } = entry;
  if (isSamePair(pairOf(credential), seen)) return null;
  const record = await parts.records.read();
  // A restored backup is nobody's refresh.
  const isBad =
    isSpent(record, credential) || isWanted(parts, credential, record, { force: false, minTtl });
  return isBad ? null : { kind: "adopted", from: seen, credential };
}

function isKnown({ generation }: LoginRecord, credential: Credential): boolean {
  return generation !== null && isSamePair(pairOf(generation), pairOf(credential));
}

/** A generation that others brought is what a blanked store must be repaired with; an older one would be a spent one. */
async function noteGeneration(parts: KeeperParts, seen: Credential): Promise<void> {
  const task = async (lock: HeldLock) => {
    const entry = await parts.store.read();
    const record = await parts.records.read();
    if (entry.state !== "present" || !isSamePair(pairOf(entry.credential), pairOf(seen))) return;
    if (seen.refreshToken === null || isSpent(record, seen)) return;
    await fenced(parts, lock).records.write({ ...record, generation: entry.credential });
  };
  // Whoever holds the lock is about to bring another generation anyway.
  await parts.store.withLock(task, { waitMs: 0 });
}

async function underLock(
  parts: KeeperParts,
  options: RefreshOptions,
  seen: Pair | null,
  lock: HeldLock,
): Promise<Committed> {
  const recovered = await recover(parts, options, lock);
  if (recovered.kind === "settled") return recovered.outcome;

  const restored = await restore(parts, presentIn(await parts.store.read()), lock);
  if (restored === "look_again" || restored.kind === "dead") return restored;
  const { credential, record } = restored;

  if (restored.kind === "intact") {
    // Somebody refreshed while we waited; a forced refresh meant the generation that was seen then.
    const isNewer = seen !== null && !isSamePair(seen, pairOf(credential));
    const wish = isNewer ? { ...options, force: false } : options;
    if (!isWanted(parts, credential, record, wish)) {
      if (recovered.adopted !== null) return recovered.adopted;
      return isNewer
        ? { kind: "adopted", from: seen, credential }
        : { kind: "unchanged", reason: "fresh", credential };
    }
  }
  const ended = endOf(credential, record);
  if (ended !== null && !options.force) return ended;
  if (credential.refreshToken === null) {
    return { kind: "dead", code: "not_refreshable", detail: "it has no refresh token" };
  }
  return spend(parts, credential, record, recovered, lock);
}

async function spend(
  parts: KeeperParts,
  credential: Credential,
  record: LoginRecord,
  { retried, wasRetried }: { readonly retried: boolean; readonly wasRetried: boolean },
  lock: HeldLock,
): Promise<Committed> {
  const { store, journal, records, clock, driver } = parts;
  const grant = parts.grants[driver];
  const from = pairOf(credential);

  // Nothing is spent before every place the result will need has proved that it can keep it.
  await Promise.all([store.proveWritable(), journal.proveWritable()]);
  await grant.prepare();
  if (!isKnown(record, credential)) await records.write({ ...record, generation: credential });
  if (!(await lock.isHeld())) return "look_again";

  const intent: JournalRecord = {
    step: "intent",
    from,
    driver,
    at: clock.now(),
    process: null,
    issued: null,
    retried,
    wasRetried,
    code: null,
    detail: "",
  };
  let written = intent;
  await journal.write(intent);
  parts.tell({ kind: "grant_started", driver, from });
  const result = await grant.spend(credential, async (process) => {
    written = { ...intent, process };
    await journal.write(written);
  });
  return settle(parts, written, result, lock);
}

async function settle(
  parts: KeeperParts,
  intent: JournalRecord,
  result: GrantResult,
  lock: HeldLock,
): Promise<Committed> {
  const { journal, clock } = parts;
  switch (result.kind) {
    case "issued":
      return commit(parts, intent, result.credential, "refreshed", lock);
    case "rejected":
      return markEnded(parts, intent, result.detail);
    case "failed": {
      if (result.spent === "maybe") {
        const { code, detail } = result;
        await journal.write({ ...intent, step: "in_doubt", code, detail });
        return { kind: "in_doubt", code, detail, since: intent.at };
      }
      // The doubt of an earlier grant is not lifted by a refusal of this one.
      if (intent.retried) {
        await journal.write({
          ...intent,
          step: "in_doubt",
          retried: intent.wasRetried,
          detail: result.detail,
        });
      } else await journal.clear();
      await parts.grants[intent.driver].tidy();
      if (!traitsOf(result.code).retryable) throw new PilotlightError(result.code, result.detail);
      const until = result.retryAfter === null ? null : clock.now() + result.retryAfter;
      return { kind: "deferred", code: result.code, detail: result.detail, until };
    }
  }
}

function endOf(credential: Credential, { verdict }: LoginRecord): Outcome | null {
  if (verdict?.kind !== "ended" || verdict.refresh !== credential.refreshToken?.fingerprint)
    return null;
  const since = new Date(verdict.at).toISOString();
  return { kind: "dead", code: verdict.code, detail: `known since ${since}; nothing was sent` };
}

function presentIn(entry: Entry): Credential {
  switch (entry.state) {
    case "present":
      return entry.credential;
    case "absent":
      throw new PilotlightError("no_credential", "the store holds no login");
    case "unreadable":
      throw new PilotlightError(entry.code, entry.reason);
  }
}
