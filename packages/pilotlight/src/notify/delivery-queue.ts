import type { Alert } from "../core/alerts/alert.ts";
import type { AlertOutcome, ChannelHealth } from "../core/alerts/channel-health.ts";
import { isoOf } from "../core/iso-time.ts";
import type { Clock } from "../core/ports.ts";
import type { Channel, Delivery } from "./channel.ts";
import { type Waiting, withAlert } from "./waiting.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long (ms) an alert is worth delivering. */
const WORTH = 24 * HOUR;
const FIRST_PAUSE = 5 * SECOND;
const LONGEST_PAUSE = 15 * MINUTE;
/** What was answered with no is tried again at leisure: somebody may mend the other side. */
const REFUSED_PAUSE = 10 * MINUTE;
/** So long somebody else may tell us to wait. */
const LONGEST_WISH = 6 * HOUR;
/** Longest sleep: so soon a step of the clock is noticed. */
const TURN = MINUTE;

/** The alerts that wait for one channel, and who delivers them. Keeping never waits for it. */
export interface DeliveryQueue {
  readonly channel: Channel;
  /** Adds what is left from an earlier process. */
  restore(waiting: Waiting): void;
  /** Adds an alert, in the place of older ones that it makes pointless. Nothing is sent before `wake`. */
  add(alert: Alert): void;
  wake(): void;
  waiting(): readonly Waiting[];
  health(): ChannelHealth;
  /** Resolves when everything that waits was tried once, or after `ms`. */
  tried(ms: number): Promise<void>;
  /** Ends it; waits for a delivery under way, for `ms` at most. */
  stop(ms: number): Promise<void>;
}

/** What a queue works with. */
interface QueueParts {
  readonly clock: Clock;
  /** In [0, 1), for the jitter of pauses. */
  readonly random: () => number;
  /** Hears of each delivery, and of what is dropped. */
  readonly tell: (outcome: AlertOutcome, alert: Alert, why: string | null) => void;
}

export function deliveryQueue(
  channel: Channel,
  { clock, random, tell }: QueueParts,
): DeliveryQueue {
  const leaving = new AbortController();
  let waiting: readonly Waiting[] = [];
  let sending: Waiting | null = null;
  let sleeping = new AbortController();
  let running: Promise<void> | null = null;
  let failure: { since: number; count: number; why: string } | null = null;
  /** Epoch ms before which this channel is left alone. */
  let notBefore = 0;

  const drop = (one: Waiting): void => {
    waiting = waiting.filter((each) => each !== one);
  };

  const add = (alert: Alert): void => {
    const { kept, dropped } = withAlert(waiting, alert, { sending, now: clock.now() });
    waiting = kept;
    for (const one of dropped) tell("superseded", one, null);
  };

  const note = (one: Waiting, delivery: Delivery): void => {
    drop(one);
    if (delivery.kind === "delivered") {
      failure = null;
      notBefore = 0;
      return tell("delivered", one.alert, null);
    }
    const { why, isRefused, retryAfter } = delivery;
    const count = (failure?.count ?? 0) + 1;
    failure = { since: failure?.since ?? clock.now(), count, why };
    const doubling = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(count - 1, 20));
    const own = (isRefused ? REFUSED_PAUSE : doubling) * (0.5 + random() / 2);
    const until = clock.now() + Math.max(own, Math.min(retryAfter ?? 0, LONGEST_WISH));
    // What is wrong with one alert does not hold up the others.
    if (!isRefused) notBefore = until;
    tell("failed", one.alert, why);
    // What came while it was on its way took it for told.
    const isLater = ({ alert }: Waiting) => alert.login === one.alert.login;
    const later = waiting.filter(isLater);
    const again = { ...one, tries: one.tries + 1, notBefore: until };
    waiting = [...waiting.filter((each) => !isLater(each)), again];
    for (const { alert } of later) add(alert);
  };

  const expire = (): void => {
    for (const one of waiting) {
      if (clock.now() - one.at <= WORTH) continue;
      drop(one);
      tell("expired", one.alert, failure?.why ?? null);
    }
  };

  const next = (): { one: Waiting; at: number } | null => {
    const due = (one: Waiting) => Math.max(one.notBefore, notBefore);
    const [one] = waiting.toSorted((a, b) => due(a) - due(b) || a.at - b.at);
    return one === undefined ? null : { one, at: due(one) };
  };

  const work = async (): Promise<void> => {
    while (!leaving.signal.aborted) {
      expire();
      const found = next();
      if (found === null) return;
      const pause = found.at - clock.now();
      if (pause > 0) {
        sleeping = new AbortController();
        await clock.sleep(Math.min(pause, TURN), sleeping.signal);
        continue;
      }
      sending = found.one;
      const delivery = await channel.send(found.one.alert);
      sending = null;
      note(found.one, delivery);
    }
  };

  const wake = (): void => {
    sleeping.abort();
    running ??= work().finally(() => {
      running = null;
      if (waiting.length > 0 && !leaving.signal.aborted) wake();
    });
  };

  return {
    channel,
    restore(one) {
      waiting = [...waiting, one];
    },
    add,
    wake,
    waiting: () => waiting,
    health: () => ({
      name: channel.name,
      type: channel.type,
      failing: failure !== null,
      since: isoOf(failure?.since ?? null),
      failures: failure?.count ?? 0,
      detail: failure?.why ?? null,
      waiting: waiting.length,
    }),
    async tried(ms) {
      const end = clock.monotonic() + ms;
      const isUntried = () => sending !== null || waiting.some(({ tries }) => tries === 0);
      while (isUntried() && notBefore <= clock.now() && clock.monotonic() < end) {
        await clock.sleep(20);
      }
    },
    async stop(ms) {
      leaving.abort();
      sleeping.abort();
      const over = new AbortController();
      await Promise.race([running, clock.sleep(ms, over.signal)]);
      over.abort();
    },
  };
}
