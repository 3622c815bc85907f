import { type Entry, isSamePair, type Pair, pairOf } from "../core/credential.ts";
import { type ErrorCode, PilotlightError } from "../core/errors.ts";
import { attemptAt, pauseAfter, pauseWithin } from "../core/keep-plan.ts";
import type { Activity, KeepTrouble, KeptLogin } from "../core/kept-login.ts";
import type { LoginView } from "../core/login-status.ts";
import type { Outcome } from "../core/outcome.ts";
import { scrub } from "../core/scrub.ts";
import type { KeepEvent, KeptParts } from "./keep-parts.ts";
import { refresh } from "./refresh.ts";

const STILL_DUE = "the token that just came is due again by this machine's clock";

/** One login in a keeper's care: what is known of it, and one step at a time. */
export interface Kept {
  readonly parts: KeptParts;
  known(): KeptLogin;
  /** Reads the login anew, and tells what changed. Never throws. */
  look(): Promise<void>;
  /** Whether an attempt is due at this moment. */
  isDue(): boolean;
  /** ms of the monotonic clock at which an attempt is due; `null` where none can be made. */
  dueAt(): number | null;
  /** Tries to renew, and looks again. @throws PilotlightError as `refresh` */
  attempt(options: { readonly force: boolean; readonly signal: AbortSignal }): Promise<Outcome>;
  /** Forgets every pause: the world has changed, or somebody asked. */
  hurry(): void;
  stand(activity: Exclude<Activity, "refreshing">): void;
}

export function kept(
  parts: KeptParts,
  { random, tell }: { readonly random: () => number; readonly tell: (event: KeepEvent) => void },
): Kept {
  const { name, clock } = parts;
  let view: LoginView | null = null;
  let lookedAt: number | null = null;
  let renewedAt: number | null = null;
  let activity: Activity = "idle";
  let trouble: KeepTrouble | null = null;
  /** ms of the monotonic clock before which nothing is tried. */
  let notBefore = 0;
  /** The pair that a person has to replace: nothing is tried before another one is there. */
  let latched: Pair | null = null;
  /** The last trouble was that nothing could be seen. */
  let isBlind = false;
  /** The generation that is about to be seen was brought by us. */
  let isOurs = false;

  const dueAt = (): number | null => {
    if (view === null) return null;
    const at = attemptAt(view, clock.now());
    const pair = pairIn(view.entry);
    if (at === null || (latched !== null && pair !== null && isSamePair(latched, pair))) {
      return null;
    }
    return Math.max(clock.monotonic() + at - clock.now(), notBefore);
  };

  /** The way is clear again, whoever cleared it. */
  const succeed = (): void => {
    if (trouble !== null) tell({ kind: "recovered", login: name, after: trouble.code });
    trouble = null;
    latched = null;
    isBlind = false;
    notBefore = 0;
  };

  const fail = (code: ErrorCode, detail: string, retryAfter: number | null): void => {
    const failures = (trouble?.failures ?? 0) + 1;
    trouble = { code, detail, since: trouble?.since ?? clock.now(), failures };
    const pause = pauseAfter(code, failures, random());
    const end = view?.entry.state === "present" ? view.entry.credential.expiresAt : null;
    const within = pauseWithin(pause, clock.now(), end, retryAfter);
    notBefore = clock.monotonic() + within;
    const isOver = latched !== null;
    tell({ kind: "failed", login: name, code, detail, failures, pause: isOver ? null : within });
  };

  const see = (next: LoginView): void => {
    const before = view;
    view = next;
    lookedAt = clock.now();
    if (before === null) return tell({ kind: "met", login: name });
    const [old, pair] = [pairIn(before.entry), pairIn(next.entry)];
    if (pair === null || (old !== null && isSamePair(old, pair))) return;
    if (next.entry.state !== "present") return;
    const { credential } = next.entry;
    renewedAt = clock.now();
    const by = isOurs ? "keeper" : "others";
    const isNewLogin = endIn(next.entry) > endIn(before.entry);
    tell({ kind: "renewed", login: name, by, credential, isNewLogin });
    succeed();
  };

  const look = async (): Promise<void> => {
    try {
      see(await parts.look());
      if (isBlind) succeed();
    } catch (error) {
      const { code, message } = known(error);
      fail(code, message, null);
      isBlind = true;
    }
  };

  const note = (outcome: Outcome): void => {
    switch (outcome.kind) {
      case "refreshed":
      case "adopted":
      case "unchanged":
        succeed();
        // Otherwise a server or a clock that is far out would have one token after the other spent.
        return isDue() ? fail("clock_wrong", STILL_DUE, null) : undefined;
      case "deferred": {
        const { code, detail, until } = outcome;
        return fail(code, detail, until === null ? null : until - clock.now());
      }
      case "in_doubt":
        return fail(outcome.code, outcome.detail, null);
      case "dead":
        latched = view && pairIn(view.entry);
        return fail(outcome.code, outcome.detail, null);
    }
  };

  const isDue = (): boolean => (dueAt() ?? Infinity) <= clock.monotonic();

  return {
    parts,
    known: () => ({
      name,
      view,
      lookedAt,
      activity,
      trouble,
      renewedAt,
      nextAttemptAt: wallTime(dueAt(), clock),
    }),
    look,
    isDue,
    dueAt,
    async attempt({ force, signal }) {
      if (view?.isKept === false) await look();
      if (view?.isKept === false) {
        throw new PilotlightError("unsupported", `${name}: nothing here can renew such a login`);
      }
      activity = "refreshing";
      const began = clock.monotonic();
      const tried = (code: Extract<KeepEvent, { kind: "attempted" }>["code"]) => {
        const ms = clock.monotonic() - began;
        tell({ kind: "attempted", login: name, driver: parts.driver, code, ms });
      };
      try {
        const outcome = await refresh(parts, { force, minTtl: 0, signal });
        tried("code" in outcome ? outcome.code : outcome.kind);
        isOurs = outcome.kind === "refreshed";
        await look();
        if (!signal.aborted || outcome.kind !== "deferred") note(outcome);
        return outcome;
      } catch (error) {
        const { code, message } = known(error);
        fail(code, message, null);
        tried(code);
        await look();
        throw error;
      } finally {
        isOurs = false;
        activity = "idle";
      }
    },
    hurry() {
      notBefore = 0;
    },
    stand(next) {
      if (activity === next || activity === "refreshing") return;
      if (activity === "standby") tell({ kind: "took_over", login: name });
      if (next === "standby") tell({ kind: "standby", login: name });
      activity = next;
    },
  };
}

function pairIn(entry: Entry): Pair | null {
  return entry.state === "present" ? pairOf(entry.credential) : null;
}

/** Epoch ms; 0 where nobody knows. */
function endIn(entry: Entry): number {
  return entry.state === "present" ? (entry.credential.loginEndsAt ?? 0) : 0;
}

function wallTime(monotonic: number | null, clock: KeptParts["clock"]): number | null {
  return monotonic === null ? null : Math.round(clock.now() + monotonic - clock.monotonic());
}

/** Whatever goes wrong with one login must not end the keeping of the others. */
function known(error: unknown): PilotlightError {
  if (error instanceof PilotlightError) return error;
  return new PilotlightError("bug", scrub(String(error)), { cause: error });
}
