import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { audience } from "../../../src/cli/drill/audience.ts";
import { drillView } from "../../../src/cli/drill/drill-view.ts";
import { openWorld, type World } from "../../../src/sandbox/drill/world.ts";
import type { HistoryEntry } from "../../../src/stores/history-entry.ts";
import { recordHistory } from "../../../src/stores/history.ts";
import { needs } from "../../support/needs.ts";

const { describe, it } = needs("linux");
const HOUR = 3_600_000;
/** Of the night; it is shown as if it ended now. */
const WHOLE = 97 * HOUR;
/** ms that a busy machine may take between two steps of a test, where hours are told apart. */
const SLACK = 120_000;

async function aWorld(): Promise<World> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  const path = process.env["PATH"] ?? "";
  const signal = new AbortController().signal;
  const world = await openWorld({ folder, path, claude: ["claude"], env: {}, signal });
  onTestFinished(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return world;
}

/** A job of this moment that ended well, as `run` notes it. */
async function note(world: World, fields: Partial<HistoryEntry> = {}): Promise<void> {
  const nothing = { durationMs: null, from: null, to: null, requestId: null, detail: null };
  const entry = { at: Date.now(), login: "default", kind: "run", code: "ok", exit: 0 } as const;
  const stateDir = world.env["PILOTLIGHT_STATE_DIR"] ?? "";
  expect(await recordHistory(stateDir, [{ ...entry, ...nothing, ...fields }])).toBe(true);
}

function shownOf(world: World) {
  const pages = audience();
  const shown = drillView(pages);
  let told = 0;
  pages.add(() => void (told += 1));
  shown.enter(world, WHOLE);
  return { ...shown, told: () => told };
}

describe("the view of a drill", () => {
  it("is of nothing before the night begins", () => {
    const { view } = drillView(audience());
    expect(view.logins()).toMatchObject([{ name: "default", view: null, activity: "idle" }]);
    expect(view.drill?.()).toMatchObject({ state: "waiting", startsAt: null });
    expect(view.status().logins).toEqual([]);
  });

  it("has the clock of the night, which ends now", async () => {
    const world = await aWorld();
    const { view } = shownOf(world);
    const isAt = (hours: number) => {
      expect(Math.abs(view.now() - (Date.now() - WHOLE + hours * HOUR))).toBeLessThan(1000);
    };
    isAt(0);
    world.signIn();
    await world.pass(21.5 * HOUR);
    isAt(21.5);
  });

  it("shows a token at the hours at which it came and will end, however many were let go by", async () => {
    const world = await aWorld();
    world.signIn();
    const { view, look } = shownOf(world);
    await look();
    const endOf = () => {
      const [login] = view.logins();
      const entry = login?.view?.entry;
      return entry?.state === "present" ? (entry.credential.expiresAt ?? 0) : 0;
    };
    const end = endOf();
    expect(Math.abs(end - view.now() - 8 * HOUR)).toBeLessThan(SLACK);
    await world.pass(3 * HOUR);
    await look();
    // To the millisecond: what moves back on disk is what the clock is ahead.
    expect(endOf()).toBe(end);
    expect(Math.abs(end - view.now() - 5 * HOUR)).toBeLessThan(SLACK);
    expect(view.status().logins).toMatchObject([{ usable: true, phase: "fresh" }]);
    await world.pass(6 * HOUR);
    await look();
    expect(view.status().logins).toMatchObject([{ usable: false, phase: "expired" }]);
  });

  it("keeps what jobs noted in its hour, and finds it by either clock", async () => {
    const world = await aWorld();
    world.signIn();
    const { view, look, jobsNoted } = shownOf(world);
    await note(world);
    await world.pass(3 * HOUR);
    await note(world, { kind: "verdict", code: "proved" });
    await note(world);
    await look();
    const rows = await view.history({ since: 0, limit: 50 });
    const hours = rows.map(({ at }) =>
      Math.abs(Math.round((Date.parse(at ?? "") - view.now() + 3 * HOUR) / HOUR)),
    );
    expect(hours).toEqual([3, 3, 0]);
    expect(jobsNoted()).toBe(2);
    // A page asks for the last two minutes by its own clock: the first job was then, and three hours ago by the night's.
    const last = { since: view.now() - 2 * 60_000, limit: 50 };
    expect(await view.history(last)).toHaveLength(3);
    expect(await view.history({ ...last, limit: 1 })).toHaveLength(1);
    expect(await view.history({ ...last, login: "other" })).toEqual([]);
  });

  it("shows what the history of the night says of a login: renewed, or why not", async () => {
    const world = await aWorld();
    world.signIn();
    const { view, look } = shownOf(world);
    await note(world, { kind: "refresh", code: "throttled", detail: "429" });
    await look();
    expect(view.logins()).toMatchObject([{ trouble: { code: "throttled", failures: 1 } }]);
    await world.pass(HOUR);
    await note(world, { kind: "refresh", code: "refreshed", to: "sha256:01234567" });
    await look();
    const [login] = view.logins();
    expect(login?.trouble).toBe(null);
    expect(Math.abs((login?.renewedAt ?? 0) - view.now())).toBeLessThan(SLACK);
  });

  it("does not mix two hours where time was let go by during a look", async () => {
    const world = await aWorld();
    world.signIn();
    let asked = 0;
    const ahead = () => (asked++ === 0 ? 0 : 3 * HOUR);
    const { view, look } = shownOf({ ...world, clock: { ...world.clock, ahead } });
    await look();
    expect(asked).toBeGreaterThan(1);
    expect(view.logins()[0]?.view).toBe(null);
    await look();
    expect(view.logins()[0]?.view).not.toBe(null);
  });

  it("tells the pages what is new, and nothing where nothing is", async () => {
    const world = await aWorld();
    world.signIn();
    const { look, say, told } = shownOf(world);
    await look();
    expect(told()).toBe(1);
    await look();
    expect(told()).toBe(1);
    await note(world);
    await look();
    expect(told()).toBe(2);
    say({ state: "playing", hour: 3 });
    say({ state: "playing", hour: 3 });
    expect(told()).toBe(3);
  });

  it("renews nothing, and says that the figures are a keeper's", async () => {
    const { view } = drillView(audience());
    await expect(view.refresh("default", { force: true })).rejects.toThrow(
      "a drill renews nothing",
    );
    expect(await view.metrics()).toMatch(/^# This is a drill/);
  });
});
