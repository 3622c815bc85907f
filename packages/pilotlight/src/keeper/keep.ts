import { PilotlightError } from "../core/errors.ts";
import type { KeptLogin } from "../core/kept-login.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Clock } from "../core/ports.ts";
import type { Chore, KeepEvent, KeptParts } from "./keep-parts.ts";
import { type Kept, kept } from "./kept.ts";
import { timerHeap } from "./timer-heap.ts";

/** Longest sleep (ms) of the loop: so soon a suspend or a step of the clock is noticed. */
const TURN = 30_000;
/** Without a turn for so long (ms) the loop is stuck. */
const STUCK = 3 * TURN;
/** ms between two looks at a login where nothing tells of changes, ±10 %. */
const LOOK = 120_000;
/** ms after a hint of a change: one write comes as several hints. */
const SETTLE = 200;
/** ms between two tries of whoever stands by. */
const STANDBY = 5_000;
/** ms by which the clocks may go apart in a turn. */
const DRIFT = 3_000;
/** Grants at once: each is a process of some hundred MB. */
const MOST_GRANTS = 4;

/** One keeper of any number of logins. */
export interface Keeper {
  /** What is known now, from memory. */
  logins(): readonly KeptLogin[];
  /** False once the loop has missed several of its turns. */
  isTicking(): boolean;
  /** Epoch ms of the last turn. */
  lastTurnAt(): number;
  /** Looks at every login now, and forgets every pause. */
  lookNow(): void;
  /** Renews one login now if that is due, or by `force`. @throws PilotlightError as `refresh`; `usage` for an unknown name */
  refresh(name: string, options: { readonly force: boolean }): Promise<Outcome>;
  /** Resolves when every login has been looked at, and what was due then was tried. */
  settled(): Promise<void>;
  /** Ends the keeping; resolves when no grant is in flight any more. */
  stop(): Promise<void>;
}

export interface KeepOptions {
  readonly clock: Clock;
  /** In [0, 1), for the jitter of pauses and looks. */
  readonly random: () => number;
  readonly tell: (event: KeepEvent) => void;
  /** Called after each change of what is known. */
  readonly onChange?: () => void;
  readonly chores?: readonly Chore[];
}

/** Keeps logins alive until it is stopped. */
export function keep(logins: readonly KeptParts[], options: KeepOptions): Keeper {
  const { clock, random, tell, onChange = () => {}, chores = [] } = options;
  const leaving = new AbortController();
  const heap = timerHeap<Kept | Chore>();
  const all = logins.map((parts) => kept(parts, { random, tell }));
  const visits = new Map<Kept, Promise<void>>();
  const attempts = new Set<Promise<unknown>>();
  /** Due, while as many grants as may be are in flight. */
  const waiting = new Set<Kept>();
  /** Something may have changed since the last visit began. */
  const hinted = new Set<Kept>();
  const unseen = new Set(all);
  let sleeping = new AbortController();
  let lastTurn = { mono: clock.monotonic(), wall: clock.now() };

  const plan = (whom: Kept | Chore, at: number): void => {
    const isEarlier = at < heap.next();
    heap.set(whom, at);
    if (isEarlier) sleeping.abort();
  };

  /** One step for one login: whose it is, what is there, and an attempt if that is due. */
  const visit = async (one: Kept): Promise<void> => {
    const isOurs = await one.parts.lease.take().catch(() => false);
    one.stand(isOurs ? "idle" : "standby");
    const lookedAt = one.known().lookedAt;
    const isOld = lookedAt === null || Math.abs(clock.now() - lookedAt) > LOOK / 2;
    if (isOurs || isOld) await one.look();
    onChange();
    if (!isOurs) {
      // Whoever has it tries what is due.
      unseen.delete(one);
      return plan(one, clock.monotonic() + STANDBY);
    }
    if (one.isDue() && !leaving.signal.aborted) {
      if (attempts.size >= MOST_GRANTS) return void waiting.add(one);
      await attempt(one, false).catch(() => undefined);
    }
    unseen.delete(one);
    const look = clock.monotonic() + LOOK * (0.9 + random() / 5);
    plan(one, Math.min(one.dueAt() ?? Infinity, look));
  };

  const attempt = async (one: Kept, force: boolean): Promise<Outcome> => {
    waiting.delete(one);
    const attempting = one.attempt({ force, signal: leaving.signal });
    attempts.add(attempting);
    onChange();
    try {
      return await attempting;
    } finally {
      attempts.delete(attempting);
      onChange();
      for (const next of waiting) plan(next, clock.monotonic());
    }
  };

  const begin = (one: Kept): void => {
    // Whoever is being visited is planned anew at the end of that.
    if (visits.has(one)) return;
    hinted.delete(one);
    const visiting = visit(one).finally(() => {
      visits.delete(one);
      if (hinted.has(one)) plan(one, clock.monotonic() + SETTLE);
    });
    visits.set(one, visiting);
  };

  const hint = (one: Kept): void => {
    // A file that is written again and again must not put the visit off for good.
    if (!hinted.has(one) && !visits.has(one)) plan(one, clock.monotonic() + SETTLE);
    hinted.add(one);
  };

  const noticeJump = (): void => {
    const now = { mono: clock.monotonic(), wall: clock.now() };
    const ms = now.wall - lastTurn.wall - (now.mono - lastTurn.mono);
    lastTurn = now;
    if (Math.abs(ms) <= DRIFT) return;
    tell({ kind: "clock_jumped", ms: Math.round(ms) });
    lookNow();
  };

  const lookNow = (): void => {
    for (const one of all) {
      one.hurry();
      plan(one, clock.monotonic());
    }
  };

  const turn = async (): Promise<void> => {
    while (!leaving.signal.aborted) {
      noticeJump();
      sleeping = new AbortController();
      for (let due = heap.take(clock.monotonic()); due !== undefined;) {
        if ("every" in due) void runChore(due);
        else begin(due);
        due = heap.take(clock.monotonic());
      }
      const pause = Math.max(0, Math.min(heap.next() - clock.monotonic(), TURN));
      await clock.sleep(pause, sleeping.signal);
    }
  };

  const runChore = async (chore: Chore): Promise<void> => {
    await chore.run().catch(() => undefined);
    plan(chore, clock.monotonic() + chore.every);
  };

  for (const whom of [...all, ...chores]) plan(whom, clock.monotonic());
  const unwatch = all.map((one) => one.parts.watch(() => hint(one)));
  const turning = turn();

  return {
    logins: () => all.map((one) => one.known()),
    isTicking: () => clock.monotonic() - lastTurn.mono < STUCK,
    lastTurnAt: () => lastTurn.wall,
    lookNow,
    async refresh(name, { force }) {
      const one = all.find(({ parts }) => parts.name === name);
      if (one === undefined) {
        throw new PilotlightError("usage", `there is no login named ${JSON.stringify(name)}`);
      }
      await visits.get(one);
      return attempt(one, force).finally(() => plan(one, clock.monotonic()));
    },
    async settled() {
      while (unseen.size > 0) {
        await Promise.all(visits.values());
        if (unseen.size > 0) await clock.sleep(SETTLE / 4);
      }
    },
    async stop() {
      leaving.abort();
      sleeping.abort();
      for (const end of unwatch) end();
      await turning;
      await Promise.allSettled([...visits.values(), ...attempts]);
      for (const one of all) one.parts.lease.release();
    },
  };
}
