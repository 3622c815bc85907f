import { type Entry, isBlanked, isSamePair, pairOf } from "../core/credential.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { Outcome } from "../core/outcome.ts";
import type { HeldLock, JournalRecord, Remains } from "../core/ports.ts";
import { GRANT_PATIENCE } from "../core/schedule.ts";
import type { RefreshOptions } from "../core/wanted.ts";
import { commit, type Committed, markEnded, noteUsedUp } from "./commit.ts";
import { isWanted } from "./judge.ts";
import type { KeeperParts } from "./parts.ts";

const LOOK_AGAIN = 500;

/** ms between two tries of a grant whose build does not tell how it went, once the access token has ended. */
const UNTOLD_PAUSE = 15 * 60_000;

export type Recovered =
  | { readonly kind: "settled"; readonly outcome: Committed }
  /**
   * No earlier grant is open. `adopted` tells of a generation that came of one, `retried` that the
   * next grant is the one more try of an in-doubt one.
   */
  | {
      readonly kind: "clear";
      readonly adopted: Extract<Outcome, { kind: "adopted" }> | null;
      readonly retried: boolean;
      readonly wasRetried: boolean;
    };

const CLEAR: Extract<Recovered, { kind: "clear" }> = {
  kind: "clear",
  adopted: null,
  retried: false,
  wasRetried: false,
};

/** Replays the journal: finishes what an earlier run began, or says that it cannot be known. */
export async function recover(
  parts: KeeperParts,
  options: RefreshOptions,
  lock: HeldLock,
): Promise<Recovered> {
  const left = await parts.journal.read();
  if (left === null) return CLEAR;
  if (left.issued !== null) {
    parts.tell({ kind: "replayed", detail: "an earlier run's result was not stored yet" });
    return clearOr(await commit(parts, left, left.issued, "adopted", lock));
  }
  const remains = await waitFor(parts, left);
  switch (remains.kind) {
    case "issued":
      parts.tell({ kind: "replayed", detail: "an earlier run's grant had succeeded" });
      return clearOr(await commit(parts, left, remains.credential, "adopted", lock));
    case "rejected":
      parts.tell({ kind: "replayed", detail: "an earlier run's grant had been rejected" });
      return clearOr(await markEnded(parts, left, remains.detail));
    case "running":
      return running(parts, left, remains.detail);
    case "unsent":
      if (left.step === "intent" && !left.retried) return forget(parts, left);
      // The one more try was not made after all.
      return doubt(parts, options, { ...left, retried: left.wasRetried });
    case "nothing":
      return doubt(parts, options, left);
  }
}

/** An orphan of an earlier run is never disturbed: its answer is worth more than our time. */
async function waitFor(parts: KeeperParts, left: JournalRecord): Promise<Remains> {
  const grant = parts.grants[left.driver];
  const { clock } = parts;
  // The wall clock may have been set back since: never wait longer than for a grant of our own.
  const rest = Math.min(GRANT_PATIENCE, left.at + GRANT_PATIENCE - clock.now());
  const end = clock.monotonic() + Math.max(0, rest);
  for (;;) {
    const remains = await grant.inspect(left.from, left.process, left.at);
    if (remains.kind !== "running" || clock.monotonic() >= end) return remains;
    await clock.sleep(LOOK_AGAIN);
  }
}

/** Its stage is taken until it ends, so no grant is possible; a newer generation in the store may need none. */
async function running(
  parts: KeeperParts,
  left: JournalRecord,
  detail: string,
): Promise<Recovered> {
  const entry = await parts.store.read();
  if (entry.state === "present" && (await hasMovedOn(parts, entry, left))) {
    const { credential } = entry;
    const isGood = !isWanted(parts, credential, await parts.records.read(), {
      force: false,
      minTtl: 0,
    });
    if (isGood) {
      return { kind: "settled", outcome: { kind: "adopted", from: left.from, credential } };
    }
  }
  return inDoubt(left, "refresh_running", detail);
}

async function doubt(
  parts: KeeperParts,
  options: RefreshOptions,
  left: JournalRecord,
): Promise<Recovered> {
  const entry = await parts.store.read();
  if (await hasMovedOn(parts, entry, left)) {
    const isSameToken =
      entry.state === "present" && pairOf(entry.credential).refresh === left.from.refresh;
    if (!isSameToken) await noteUsedUp(parts, left.from.refresh);
    return forget(parts, left);
  }
  const detail = left.detail || "the run that sent it ended before its answer";
  const code = left.code ?? "in_doubt";
  const doubted: JournalRecord = { ...left, step: "in_doubt", code, detail };
  if (left.step === "intent") await parts.journal.write(doubted);
  if (await mayTryAgain(parts, options, doubted, entry))
    return { ...CLEAR, retried: true, wasRetried: doubted.retried };
  return inDoubt(doubted, code, detail);
}

/** A retry may make the server revoke the family, and with it whatever life the access token has left. */
async function mayTryAgain(
  parts: KeeperParts,
  options: RefreshOptions,
  left: JournalRecord,
  entry: Entry,
): Promise<boolean> {
  if (options.force) return true;
  if (entry.state !== "present") return false;
  // A build that never tells would be in doubt for good after one failed request more: it gets a pause instead.
  const isUntold = left.code === "refresh_unknown";
  if (isUntold ? isWithin(UNTOLD_PAUSE, left.at, parts.clock.now()) : left.retried) return false;
  const { accessToken, expiresAt } = entry.credential;
  const { verdict } = await parts.records.read();
  const isRejected = verdict?.kind === "rejected" && verdict.access === accessToken?.fingerprint;
  const isEnded = expiresAt !== null && expiresAt <= parts.clock.now();
  return isRejected || isEnded || accessToken === null;
}

async function hasMovedOn(parts: KeeperParts, entry: Entry, left: JournalRecord): Promise<boolean> {
  if (entry.state === "absent") return true;
  if (entry.state === "unreadable" || isBlanked(entry.credential)) return false;
  const live = pairOf(entry.credential);
  if (isSamePair(live, left.from)) return false;
  // A restored backup is not somebody's newer login.
  const { spent } = await parts.records.read();
  return live.refresh === null || !spent.includes(live.refresh);
}

/** False also when the clock was set back since. */
function isWithin(ms: number, since: number, now: number): boolean {
  return now >= since && now - since < ms;
}

async function forget(parts: KeeperParts, left: JournalRecord): Promise<Recovered> {
  await parts.grants[left.driver].tidy();
  await parts.journal.clear();
  return CLEAR;
}

function inDoubt(left: JournalRecord, code: ErrorCode, detail: string): Recovered {
  return { kind: "settled", outcome: { kind: "in_doubt", code, detail, since: left.at } };
}

/** A generation that was issued long ago may itself have to be refreshed by now. */
function clearOr(outcome: Committed): Recovered {
  if (outcome !== "look_again" && outcome.kind === "adopted") {
    return { ...CLEAR, adopted: outcome };
  }
  return { kind: "settled", outcome };
}
