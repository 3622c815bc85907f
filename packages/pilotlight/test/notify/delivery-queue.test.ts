import { describe, expect, it } from "vitest";
import type { Alert } from "../../src/core/alerts/alert.ts";
import type { Clock } from "../../src/core/ports.ts";
import type { Channel, Delivery } from "../../src/notify/channel.ts";
import { type DeliveryQueue, deliveryQueue } from "../../src/notify/delivery-queue.ts";
import { alert, AT } from "./alert-sample.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const OK: Delivery = { kind: "delivered" };
const no = (changes: Partial<Extract<Delivery, { kind: "failed" }>> = {}): Delivery => ({
  kind: "failed",
  why: "chat.example answered 503",
  retryAfter: null,
  isRefused: false,
  ...changes,
});

/** Time that passes only where it is slept through. */
function leapingClock(): Clock & { wall: number } {
  const clock = {
    wall: AT,
    now: () => clock.wall,
    monotonic: () => clock.wall - AT,
    async sleep(ms: number, signal?: AbortSignal) {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted !== true) clock.wall += Math.max(0, ms);
    },
  };
  return clock;
}

interface Scene {
  readonly queue: DeliveryQueue;
  readonly clock: ReturnType<typeof leapingClock>;
  readonly told: [outcome: string, title: string][];
  /** ms after the begin, and the title of what was sent. */
  readonly sent: (readonly [ms: number, title: string])[];
  /** Works until nothing waits, or `ms` have passed. */
  work(ms?: number): Promise<void>;
}

function scene(answer: (one: Alert, count: number) => Delivery | Promise<Delivery>): Scene {
  const clock = leapingClock();
  const told: Scene["told"] = [];
  const sent: (readonly [number, string])[] = [];
  const channel: Channel = {
    name: "chat",
    type: "slack",
    async send(one) {
      sent.push([clock.wall - AT, one.title]);
      return answer(one, sent.length);
    },
  };
  const tell = (outcome: string, { title }: Alert) => void told.push([outcome, title]);
  const queue = deliveryQueue(channel, { clock, random: () => 1, tell });
  return {
    queue,
    clock,
    told,
    sent,
    async work(ms = 48 * HOUR) {
      queue.wake();
      const end = clock.wall + ms;
      while (queue.waiting().length > 0 && clock.wall < end) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await queue.stop(MINUTE);
    },
  };
}

const titled = (title: string, changes: Partial<Alert> = {}) => alert({ title, ...changes });
const over = (title: string, changes: Partial<Alert> = {}) =>
  titled(title, {
    kind: "recovered",
    severity: "info",
    opens: false,
    closes: ["problem"],
    ...changes,
  });

describe("a delivery that fails", () => {
  it("is tried again after 5 s, doubling to 15 min, for a day", async () => {
    const { queue, work, sent, told } = scene(() => no());
    queue.add(titled("a"));
    await work();
    const times = sent.map(([ms]) => ms / SECOND);
    expect(times.slice(0, 6)).toEqual([0, 5, 15, 35, 75, 155]);
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...pauses)).toBe(900);
    expect(times.at(-1)).toBeGreaterThan(23.5 * 3600);
    expect(told.at(-1)).toEqual(["expired", "a"]);
    expect(queue.health()).toMatchObject({
      failing: true,
      waiting: 0,
      detail: "chat.example answered 503",
    });
  });

  it("waits as long as the other side asks, up to six hours", async () => {
    for (const [asked, waited] of [
      [2 * MINUTE, 2 * MINUTE],
      [1, 5 * SECOND],
      [48 * HOUR, 6 * HOUR],
    ] as const) {
      const { queue, work, sent } = scene((_, count) =>
        count === 1 ? no({ retryAfter: asked }) : OK,
      );
      queue.add(titled("a"));
      await work();
      expect(sent.map(([ms]) => ms)).toEqual([0, waited]);
    }
  });

  it("holds up the others while the channel is away, and not where only it is refused", async () => {
    const away = scene((_, count) => (count === 1 ? no() : OK));
    away.queue.add(titled("a", { login: "a" }));
    away.queue.add(titled("b", { login: "b" }));
    await away.work();
    expect(away.sent).toEqual([
      [0, "a"],
      [5 * SECOND, "b"],
      [5 * SECOND, "a"],
    ]);
    const refused = scene((one, count) =>
      one.title === "a" && count < 3 ? no({ isRefused: true }) : OK,
    );
    refused.queue.add(titled("a", { login: "a" }));
    refused.queue.add(titled("b", { login: "b" }));
    await refused.work();
    expect(refused.sent).toEqual([
      [0, "a"],
      [0, "b"],
      [10 * MINUTE, "a"],
    ]);
    expect(refused.queue.health()).toMatchObject({ failing: false, failures: 0, since: null });
  });
});

describe("what waits", () => {
  it("gives way to what is newer of its topic and login, and to nothing else", async () => {
    const { queue, told, sent, work } = scene(() => OK);
    queue.add(titled("old"));
    queue.add(titled("ladder", { topic: "login_end" }));
    queue.add(titled("other", { login: "other" }));
    queue.add(titled("new", { opens: false }));
    expect(told).toEqual([["superseded", "old"]]);
    // Nobody was told before, so it begins the story.
    expect(queue.waiting().find(({ alert: { title } }) => title === "new")?.alert.opens).toBe(true);
    await work();
    expect(sent.map(([, title]) => title)).toEqual(["ladder", "other", "new"]);
  });

  it("is not told at all when it is over before anybody heard of it", async () => {
    const { queue, told, sent, work } = scene(() => OK);
    queue.add(titled("ended"));
    queue.add(over("well"));
    expect(told).toEqual([
      ["superseded", "ended"],
      ["superseded", "well"],
    ]);
    await work();
    expect(sent).toEqual([]);
  });

  it("is over in one notice when a reminder still waits, or one of two was told", async () => {
    const { queue, sent, work } = scene(() => OK);
    queue.add(titled("reminder", { opens: false, kind: "escalation" }));
    queue.add(titled("ladder", { topic: "login_end" }));
    queue.add(over("well", { closes: ["problem", "login_end"] }));
    await work();
    expect(sent.map(([, title]) => title)).toEqual(["well"]);
  });

  it("is not told when it fails on its way and is over by then", async () => {
    let isFirst = true;
    const { queue, sent, told, work } = scene(() => {
      if (!isFirst) return OK;
      isFirst = false;
      queue.add(over("well"));
      return no();
    });
    queue.add(titled("ended"));
    await work();
    expect(sent.map(([, title]) => title)).toEqual(["ended"]);
    expect(told).toEqual([
      ["failed", "ended"],
      ["superseded", "ended"],
      ["superseded", "well"],
    ]);
  });

  it("is taken up again after a restart, and expires by the day it began to wait", async () => {
    const { queue, sent, told, work } = scene(() => OK);
    queue.restore({ alert: titled("young"), at: AT - 24 * HOUR, tries: 0, notBefore: 0 });
    queue.restore({ alert: titled("old"), at: AT - 24 * HOUR - 1, tries: 0, notBefore: 0 });
    await work();
    expect(sent.map(([, title]) => title)).toEqual(["young"]);
    expect(told).toEqual([
      ["expired", "old"],
      ["delivered", "young"],
    ]);
  });
});

describe("a slow channel", () => {
  it("is waited for only as long as somebody wants to", async () => {
    let release: (delivery: Delivery) => void = () => {};
    const { queue } = scene(() => new Promise<Delivery>((resolve) => (release = resolve)));
    queue.add(titled("a"));
    queue.wake();
    await queue.tried(100);
    expect(queue.waiting()).toHaveLength(1);
    release(OK);
    await queue.stop(MINUTE);
    expect(queue.waiting()).toHaveLength(0);
  });
});
