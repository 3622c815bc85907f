import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { faceOf, kept, smallKeeper } from "./small-keeper.ts";

/** A reader that keeps what came. */
function listen(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const heard: string[] = [];
  const done = (async () => {
    for (;;) {
      const chunk = await reader?.read();
      if (chunk?.value === undefined) return;
      heard.push(chunk.value);
    }
  })();
  const statuses = () => heard.filter((text) => text.includes("event: status\n"));
  return { heard, statuses, done, leave: () => reader?.cancel() };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue() && tries < 500; tries += 1) await sleep(10);
  expect(isTrue()).toBe(true);
}

describe("/events", () => {
  it("tells the health report at once, in one event", async () => {
    const answer = await faceOf(smallKeeper(kept("bot")))("/events");
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const listener = listen(answer);
    await until(() => listener.heard.length === 1);
    const [, data = ""] =
      /^retry: 3000\nevent: status\ndata: (.*)\n\n$/.exec(listener.heard[0] ?? "") ?? [];
    expect(JSON.parse(data)).toMatchObject({ schema: "pilotlight.health/v1", health: "ok" });
    await listener.leave();
  });

  it("tells the newest of many changes, no sooner than the pause after the last", async () => {
    const keeper = smallKeeper(kept("bot"));
    const pause = 200;
    const started = performance.now();
    const listener = listen(await faceOf(keeper, { events: { pause } })("/events"));
    await until(() => listener.heard.length === 1);
    for (let burst = 0; burst < 3; burst += 1) {
      for (let change = 0; change < 100; change += 1) {
        keeper.known = [kept(`after-${burst}-${change}`)];
        keeper.change();
      }
      await until(() => listener.statuses().length === burst + 2);
      expect(listener.statuses().at(-1)).toContain(`after-${burst}-99`);
    }
    expect(performance.now() - started).toBeGreaterThanOrEqual(3 * pause - 5);
    await sleep(2 * pause);
    expect(listener.statuses()).toHaveLength(4);
    await listener.leave();
  });

  it("shows that it lives by comments", async () => {
    const listener = listen(await faceOf(smallKeeper(), { events: { heartbeat: 20 } })("/events"));
    await until(() => listener.heard.filter((text) => text === ": still here\n\n").length >= 2);
    await listener.leave();
  });

  it("takes 32 listeners and no more, and watches nothing once all have left", async () => {
    const keeper = smallKeeper();
    const ask = faceOf(keeper);
    const listeners = await Promise.all(Array.from({ length: 32 }, () => ask("/events")));
    const refused = await ask("/events");
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: "listeners_full" });
    expect(keeper.watchers()).toBe(1);
    await listeners[0]?.body?.cancel();
    const again = await ask("/events");
    expect(again.status).toBe(200);
    for (const listener of [...listeners.slice(1), again]) await listener.body?.cancel();
    expect(keeper.watchers()).toBe(0);
  });

  it("keeps nothing for a reader that does not read but the newest", async () => {
    const keeper = smallKeeper(kept("bot"));
    const answer = await faceOf(keeper, { events: { pause: 0, heartbeat: 1 } })("/events");
    for (let change = 0; change < 50; change += 1) {
      keeper.known = [kept(`after-${change}`)];
      keeper.change();
      await sleep(2);
    }
    const listener = listen(answer);
    await until(() => listener.statuses().length === 2);
    expect(listener.statuses()[1]).toContain("after-49");
    await listener.leave();
  });

  it("ends when its reader is gone, and when keep ends", async () => {
    const keeper = smallKeeper();
    const ending = new AbortController();
    const ask = faceOf(keeper, { signal: ending.signal });
    const gone = new AbortController();
    const first = listen(await ask("/events", { signal: gone.signal }));
    const second = listen(await ask("/events"));
    gone.abort();
    await first.done;
    expect(keeper.watchers()).toBe(1);
    ending.abort();
    await second.done;
    expect(keeper.watchers()).toBe(0);
    const late = await ask("/events");
    await listen(late).done;
    expect(keeper.watchers()).toBe(0);
  });

  it("end, and not the daemon, when the report cannot be made", async () => {
    const errors: unknown[] = [];
    const keeper = smallKeeper(kept("bot"));
    const ask = faceOf(keeper, { events: { pause: 0 }, onError: (error) => errors.push(error) });
    const reading = listen(await ask("/events"));
    const waiting = await ask("/events");
    await until(() => reading.heard.length === 1);
    keeper.logins = () => {
      throw new Error("TEST words");
    };
    keeper.change();
    await reading.done;
    // The other one has not read its first event, and is told only once it does.
    const late = listen(waiting);
    await late.done;
    expect([...reading.heard, ...late.heard].join("")).not.toContain("TEST");
    expect(errors).toHaveLength(2);
    expect(keeper.watchers()).toBe(0);
    expect((await ask("/events")).status).toBe(500);
    expect(keeper.watchers()).toBe(0);
  });
});
