import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, describe, onTestFinished } from "vitest";
import { drillOnlooker } from "../../../src/cli/drill/drill-onlooker.ts";
import { audience } from "../../../src/cli/drill/audience.ts";
import { type DrillView, drillView } from "../../../src/cli/drill/drill-view.ts";
import type { DrillNote } from "../../../src/http/drill-note.ts";
import type { Moment } from "../../../src/sandbox/drill/night.ts";
import type { World } from "../../../src/sandbox/drill/world.ts";

const NIGHT: readonly Moment[] = [
  { hour: 0, what: "somebody signs in", jobs: 1 },
  { hour: 13, what: "the disk is full", jobs: 2, disk: "full" },
  { hour: 14, what: "the disk has room again", jobs: 5 },
];
const [FIRST, FULL] = NIGHT as readonly [Moment, Moment, Moment];
const WELL = { succeeded: true };
const ILL = { succeeded: false };
const HASTE = AbortSignal.abort();
const NOW = Date.UTC(2026, 10, 20, 12);

/** Looks on at a world that is not there, and counts. */
function looking(signal: AbortSignal = HASTE) {
  const seen = { looks: 0, written: 0, back: 0 };
  let note = {} as DrillNote;
  let failure: Error | null = null;
  const shown: DrillView = {
    ...drillView(audience()),
    now: () => NOW,
    enter: (_world, back) => void (seen.back = back),
    async look() {
      seen.looks += 1;
      if (failure !== null) throw failure;
    },
    say: (more) => void (note = { ...note, ...more }),
    jobsNoted: () => seen.written,
  };
  const onlooker = drillOnlooker(shown, signal);
  onTestFinished(() => onlooker.left().catch(() => undefined));
  return {
    onlooker,
    seen,
    note: () => note,
    fail: (error: Error) => void (failure = error),
  };
}

describe("whoever looks on at a drill", () => {
  it("says how long the night is, and that it ends now", () => {
    const { onlooker, seen, note } = looking();
    onlooker.met({} as World, NIGHT);
    expect(seen.back).toBe(14 * 3_600_000);
    expect(note()).toMatchObject({
      hours: 14,
      startsAt: "2026-11-20T12:00:00.000Z",
      endsAt: "2026-11-21T02:00:00.000Z",
      jobs: { all: 8, ended: 0 },
    });
  });

  it("says what comes before it comes, and counts the jobs after it", async () => {
    const { onlooker, seen, note } = looking();
    onlooker.met({} as World, NIGHT);
    await onlooker.before(FIRST);
    expect(note()).toMatchObject({ state: "playing", hour: 0, what: "somebody signs in" });
    expect(note().jobs.ended).toBe(0);
    seen.written = 1;
    await onlooker.after(FIRST, [WELL]);
    expect(note().jobs).toEqual({ all: 8, ended: 1, succeeded: 1, unwritten: 0 });
    await onlooker.before(FULL);
    await onlooker.after(FULL, [WELL, ILL]);
    expect(note().jobs).toEqual({ all: 8, ended: 3, succeeded: 2, unwritten: 2 });
  });

  it("looks while jobs run, but not at a full disk, and not once it has left", async () => {
    const { onlooker, seen } = looking();
    await onlooker.before(FIRST);
    const before = seen.looks;
    await expect.poll(() => seen.looks).toBeGreaterThan(before);
    await onlooker.after(FIRST, [WELL]);
    await onlooker.before(FULL);
    const atFull = seen.looks;
    await sleep(1200);
    expect(seen.looks).toBe(atFull);
    await onlooker.after(FULL, [ILL]);
    await onlooker.before(FIRST);
    const again = seen.looks;
    await expect.poll(() => seen.looks).toBeGreaterThan(again);
    await onlooker.left();
    const atEnd = seen.looks;
    await sleep(1200);
    expect(seen.looks).toBe(atEnd);
  });

  it("ends the night where it cannot look at all", async () => {
    const { onlooker, fail } = looking();
    await onlooker.before(FIRST);
    fail(new Error("it cannot be seen"));
    await expect(onlooker.after(FIRST, [WELL])).rejects.toThrow("it cannot be seen");
  });

  it("leaves the night its time before its jobs, until it is interrupted", async () => {
    const interruption = new AbortController();
    const { onlooker, note } = looking(interruption.signal);
    let isOver = false;
    const pausing = onlooker.before(FIRST).then(() => (isOver = true));
    await expect.poll(() => note().state).toBe("playing");
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    interruption.abort();
    await pausing;
  });
});
