import { type Entry, isBlanked, isSamePair, pairOf } from "../core/credential.ts";
import type { Outcome } from "../core/outcome.ts";
import type { HeldLock, JournalRecord, Remains } from "../core/ports.ts";
import type { RefreshOptions } from "../core/wanted.ts";
import { commit, type Committed, markEnded } from "./commit.ts";
import { isWanted } from "./judge.ts";
import type { KeeperParts } from "./parts.ts";

/** How long a grant may take before we stop waiting for it, in ms. The grant itself goes on. */
export const GRANT_PATIENCE = 150_000;

const LOOK_AGAIN = 500;

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
    };

const CLEAR: Extract<Recovered, { kind: "clear" }> = {
  kind: "clear",
  adopted: null,
  retried: false,
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
      return doubt(parts, options, { ...left, retried: false });
    case "nothing":
      return doubt(parts, options, left);
  }
}

/** An orphan of an earlier run is never disturbed: its answer is worth more than our time. */
async function waitFor(parts: KeeperParts, left: JournalRecord): Promise<Remains> {
  const grant = parts.grants[left.driver];
  const { clock } = parts;
  const end = clock.monotonic() + Math.max(0, left.at + GRANT_PATIENCE - clock.now());
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
  if (entry.state === "present" && hasMovedOn(entry, left)) {
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
  if (hasMovedOn(entry, left)) return forget(parts, left);
  const detail = left.detail || "the run that sent it ended before its answer";
  const doubted: JournalRecord = { ...left, step: "in_doubt", detail };
  if (left.step === "intent") await parts.journal.write(doubted);
  if (await mayTryAgain(parts, options, doubted, entry)) return { ...CLEAR, retried: true };
  return inDoubt(doubted, "in_doubt", detail);
}

/** A retry may make the server revoke the family, and with it whatever life the access token has left. */
async function mayTryAgain(
  parts: KeeperParts,
  options: RefreshOptions,
  left: JournalRecord,
  entry: Entry,
): Promise<boolean> {
  if (options.force) return true;
  if (left.retried || entry.state !== "present") return false;
  const { accessToken, expiresAt } = entry.credential;
  const { verdict } = await parts.records.read();
  const isRejected = verdict?.kind === "rejected" && verdict.access === accessToken?.fingerprint;
  const isEnded = expiresAt !== null && expiresAt <= parts.clock.now();
  return isRejected || isEnded || accessToken === null;
}

function hasMovedOn(entry: Entry, left: JournalRecord): boolean {
  if (entry.state === "absent") return true;
  if (entry.state === "unreadable" || isBlanked(entry.credential)) return false;
  return !isSamePair(pairOf(entry.credential), left.from);
}

async function forget(parts: KeeperParts, left: JournalRecord): Promise<Recovered> {
  await parts.grants[left.driver].tidy();
  await parts.journal.clear();
  return CLEAR;
}

function inDoubt(
  left: JournalRecord,
  code: "in_doubt" | "refresh_running",
  detail: string,
): Recovered {
  return { kind: "settled", outcome: { kind: "in_doubt", code, detail, since: left.at } };
}

/** A generation that was issued long ago may itself have to be refreshed by now. */
function clearOr(outcome: Committed): Recovered {
  if (outcome !== "look_again" && outcome.kind === "adopted") {
    return { kind: "clear", adopted: outcome, retried: false };
  }
  return { kind: "settled", outcome };
}
