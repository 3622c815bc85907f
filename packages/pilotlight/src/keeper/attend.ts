import { type Credential, isSamePair, type Pair, pairOf } from "../core/credential.ts";
import type { Outcome } from "../core/outcome.ts";
import { MANDATORY_WINDOW, USUAL_LIFE } from "../core/schedule.ts";
import type { KeeperParts } from "./parts.ts";
import { refresh } from "./refresh.ts";

/** ms between two looks at the store: a job that re-reads its file before a request shall find the newest there. */
const LOOK = 2_000;
const SHORTEST_LOOK = 100;

/** ms after a refresh that brought nothing. */
const PAUSE = 30_000;

export interface Attendance {
  /** False: somebody else refreshes, and we only pass on what comes. */
  readonly mayRefresh: boolean;
  /** Hears of every generation that comes into the store while the job lives. */
  readonly onGeneration: (credential: Credential) => Promise<void>;
  /** Hears how each refresh ahead of the token's end went. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** Watches over a login for as long as a job lives. */
export interface Attendant {
  /** Stops looking and waiting for locks, and resolves when a grant in flight is over. */
  leave(): Promise<void>;
}

/** Keeps the access token of a living job from ending, so that the job never has to refresh by itself. */
export function attend(
  parts: KeeperParts,
  started: Credential,
  { mayRefresh, onGeneration, onOutcome }: Attendance,
): Attendant {
  const { store, records, clock } = parts;
  const leaving = new AbortController();
  let seen: Pair = pairOf(started);

  async function look(): Promise<number> {
    const entry = await store.read();
    if (entry.state !== "present" || entry.credential.accessToken === null) return LOOK;
    const { credential } = entry;
    if (!isSamePair(pairOf(credential), seen)) {
      // A generation that could not be passed on is tried again.
      await onGeneration(credential);
      seen = pairOf(credential);
    }
    const { lifeLength, verdict } = await records.read();
    const isRejected = verdict?.kind === "rejected" && verdict.access === seen.access;
    // A token that lives for seconds only must not be renewed all the time.
    const ahead = Math.min(MANDATORY_WINDOW, (lifeLength ?? USUAL_LIFE) / 2);
    const { expiresAt } = credential;
    const isNeeded = isRejected || (expiresAt !== null && expiresAt - clock.now() < ahead);
    if (!mayRefresh || !isNeeded) return Math.max(SHORTEST_LOOK, Math.min(LOOK, ahead / 4));
    const { signal } = leaving;
    const outcome = await refresh(parts, { force: false, minTtl: ahead, signal });
    onOutcome?.(outcome);
    return outcome.kind === "refreshed" || outcome.kind === "adopted" ? 0 : PAUSE;
  }

  async function watch(): Promise<void> {
    while (!leaving.signal.aborted) {
      // Whatever cannot be read or kept now is said by the run itself when it matters.
      const pause = await look().catch(() => PAUSE);
      await clock.sleep(pause, leaving.signal);
    }
  }

  const watching = watch();
  return {
    async leave() {
      leaving.abort();
      await watching;
    },
  };
}
