import type { Alert, AlertPolicy } from "../../core/alerts/alert.ts";
import { type AlertMemory, EMPTY_ALERT_MEMORY } from "../../core/alerts/alert-memory.ts";
import type { AlertOutcome, ChannelHealth } from "../../core/alerts/channel-health.ts";
import { decideAlerts } from "../../core/alerts/decide-alerts.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { Billing } from "../../core/explanation.ts";
import { healthOf } from "../../core/health.ts";
import type { KeptLogin } from "../../core/kept-login.ts";
import type { Clock } from "../../core/ports.ts";
import type { Channel } from "../../notify/channel.ts";
import { type DeliveryQueue, deliveryQueue } from "../../notify/delivery-queue.ts";
import type { AlertRecords } from "../../stores/file-alert-records.ts";
import type { Log } from "../keep/keep-log.ts";

/** ms between two looks where nothing changes; what is due before the next is looked at by itself. */
export const DESK_EVERY = 30_000;
/** ms; one change comes as several calls. */
const SETTLE = 100;
/** ms that an end waits for what is being delivered; the rest is delivered after the next start. */
const LEAVE = 5_000;

/** Decides what is told of the logins, and has it delivered. Never in the way of keeping. */
export interface AlertDesk {
  /** Something may have changed. */
  hint(): void;
  /** Decides now. Never throws. */
  look(): Promise<void>;
  health(): readonly ChannelHealth[];
  /** Resolves when everything was tried once, or after `ms`. */
  tried(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export interface AlertDeskParts {
  readonly channels: readonly Channel[];
  readonly policy: AlertPolicy;
  /** A login's own link, for alerts that the policy gives an address to sign in at; `null` where that address is the link. */
  readonly renewLink: ((kept: KeptLogin) => Promise<string>) | null;
  readonly records: AlertRecords;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly count: (channel: string, alert: Alert, outcome: AlertOutcome) => void;
  readonly logins: () => readonly KeptLogin[];
  /** Who pays for jobs of the first login. */
  readonly billing: () => Billing | null;
}

export function alertDesk(parts: AlertDeskParts): AlertDesk {
  const { channels, clock, random, log, logins } = parts;
  const memories = new Map<string, AlertMemory>();
  const queues = channels.map((channel) =>
    deliveryQueue(channel, {
      clock,
      random,
      tell: (outcome, alert, why) => {
        sayDelivery(log, channel, { outcome, alert, why }, failing);
        parts.count(channel.name, alert, outcome);
        if (outcome !== "failed") void save(alert.login);
      },
    }),
  );
  const failing = new Set<string>();
  const save = saverOf(parts, memories, queues);
  let looking: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isOver = false;

  const lookAt = async (kept: KeptLogin, isFirst: boolean): Promise<number | null> => {
    const { name, view, activity } = kept;
    if (activity === "standby") {
      // The keeper that has it tells of it, and remembers what.
      memories.delete(name);
      return null;
    }
    const memory = memories.get(name) ?? (await load(name, parts, queues));
    const now = clock.now();
    const place = { name, configDir: view?.configDir ?? null };
    const billing = isFirst ? parts.billing() : null;
    const input = { health: healthOf(kept, now), place, billing };
    const decision = decideAlerts(memory, input, parts.policy, now);
    memories.set(name, decision.memory);
    for (const alert of decision.alerts) {
      const linked = await withLink(alert, kept, parts);
      for (const queue of queues) queue.add(linked);
    }
    if (isNews(memory, decision.memory)) await save(name);
    for (const queue of queues) queue.wake();
    return decision.nextAt;
  };

  const lookAtAll = async (): Promise<void> => {
    const times: number[] = [];
    for (const [index, kept] of logins().entries()) {
      const at = await lookAt(kept, index === 0).catch((error: unknown) => {
        const message = `alerts of this login cannot be decided: ${String(error)}`;
        if (!failing.has(kept.name)) log({ level: "error", login: kept.name, message });
        failing.add(kept.name);
        return null;
      });
      if (at !== null) times.push(at);
    }
    const pause = Math.min(...times) - clock.now();
    if (pause < DESK_EVERY) plan(Math.max(1, pause));
  };

  const look = (): Promise<void> => {
    looking ??= lookAtAll().finally(() => {
      looking = null;
    });
    return looking;
  };

  const plan = (ms: number): void => {
    if (isOver || channels.length === 0) return;
    clearTimeout(timer ?? undefined);
    timer = setTimeout(() => {
      timer = null;
      void look();
    }, ms);
    timer.unref();
  };

  return {
    hint: () => plan(SETTLE),
    look: async () => (channels.length === 0 ? undefined : look()),
    health: () => queues.map((queue) => queue.health()),
    async tried(ms) {
      await Promise.all(queues.map((queue) => queue.tried(ms)));
    },
    async stop() {
      isOver = true;
      clearTimeout(timer ?? undefined);
      await looking;
      await Promise.all(queues.map((queue) => queue.tried(LEAVE)));
      await Promise.all(queues.map((queue) => queue.stop(LEAVE)));
      await Promise.all([...memories.keys()].map((name) => save(name)));
    },
  };
}

/** No alert waits for its link: one that cannot be made is left out. */
async function withLink(
  alert: Alert,
  kept: KeptLogin,
  { renewLink, log }: AlertDeskParts,
): Promise<Alert> {
  if (alert.renewUrl === null || renewLink === null) return alert;
  const renewUrl = await renewLink(kept).catch((error: unknown) => {
    const message = `the alert goes without a link to sign in at: ${String(error)}`;
    log({ level: "warn", login: kept.name, message });
    return null;
  });
  return { ...alert, renewUrl };
}

/** Reads what is remembered, and takes up what an earlier process has not delivered. */
async function load(
  login: string,
  { records, clock }: AlertDeskParts,
  queues: readonly DeliveryQueue[],
): Promise<AlertMemory> {
  const { memory, undelivered } = await records.read(login).catch((error: unknown) => {
    if (error instanceof PilotlightError && error.code === "state_newer") throw error;
    // To tell it again is better than not to tell it.
    return { memory: EMPTY_ALERT_MEMORY, undelivered: [] };
  });
  for (const { channel, alert, at } of undelivered) {
    const queue = queues.find((each) => each.channel.name === channel);
    const isThere = queue?.waiting().some((each) => each.alert.login === login && each.at === at);
    if (isThere === true) continue;
    queue?.restore({ alert, at: Math.min(at, clock.now()), tries: 0, notBefore: 0 });
  }
  return memory;
}

/** Writes down what is remembered and what waits, one write at a time for each login. */
function saverOf(
  { records, log }: AlertDeskParts,
  memories: ReadonlyMap<string, AlertMemory>,
  queues: readonly DeliveryQueue[],
): (login: string) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  let isBroken = false;
  const write = async (login: string): Promise<void> => {
    const memory = memories.get(login);
    if (memory === undefined) return;
    const undelivered = queues.flatMap(({ channel, waiting }) =>
      waiting()
        .filter(({ alert }) => alert.login === login)
        .map(({ alert, at }) => ({ channel: channel.name, alert, at })),
    );
    try {
      await records.write(login, { memory, undelivered });
      isBroken = false;
    } catch (error) {
      if (!isBroken) {
        const why = error instanceof Error ? error.message : String(error);
        log({
          level: "warn",
          login,
          message: `what was told cannot be remembered (${why}); a restart may tell it again`,
        });
      }
      isBroken = true;
    }
  };
  return (login) => {
    const next = (last.get(login) ?? Promise.resolve()).then(() => write(login));
    last.set(login, next);
    return next;
  };
}

/** That somebody looked is not written down each time. */
function isNews(before: AlertMemory, after: AlertMemory): boolean {
  const essence = ({ problem, ...rest }: AlertMemory) =>
    JSON.stringify({ ...rest, problem: { ...problem, seen: { ...problem.seen, at: 0 } } });
  return essence(before) !== essence(after);
}

function sayDelivery(
  log: Log,
  { name }: Channel,
  { outcome, alert, why }: { outcome: AlertOutcome; alert: Alert; why: string | null },
  failing: Set<string>,
): void {
  const key = `notify.${name}`;
  const { login, title } = alert;
  if (outcome === "delivered") {
    const again = failing.delete(key) ? ", which works again" : "";
    log({ level: "info", login, message: `told by ${key}${again}: ${title}` });
  }
  if (outcome === "failed" && !failing.has(key)) {
    failing.add(key);
    const message = `${key} fails: ${why}. It is tried again for a day; the alert: ${title}`;
    log({ level: "warn", login, message });
  }
  if (outcome === "expired") {
    const message = `${key} failed for a day (${why}), and this was never told: ${title}`;
    log({ level: "error", login, message });
  }
}
