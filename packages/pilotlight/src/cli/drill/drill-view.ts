import { PilotlightError } from "../../core/errors.ts";
import { healthOf } from "../../core/health.ts";
import { HISTORY_BOUNDS } from "../../core/history-bounds.ts";
import { attemptAt } from "../../core/keep-plan.ts";
import type { KeptLogin } from "../../core/kept-login.ts";
import { type LoginView, loginStatus } from "../../core/login-status.ts";
import type { DrillNote } from "../../http/drill-note.ts";
import type { KeepView } from "../../http/keep-view.ts";
import type { NightClock } from "../../sandbox/drill/night-clock.ts";
import type { World } from "../../sandbox/drill/world.ts";
import type { HistoryEntry } from "../../stores/history-entry.ts";
import { readHistory } from "../../stores/history.ts";
import { readConfig } from "../config.ts";
import { historyRow } from "../history-row.ts";
import type { Listeners } from "../keep/keep-view.ts";
import { selectLogins } from "../logins.ts";
import { viewOf } from "../status-report.ts";
import { VERSION } from "../version.ts";
import { inNightTime } from "./in-night-time.ts";
import { troubleOf } from "./trouble-of.ts";

/** What the page sees of a drill. Nobody keeps the login there; what jobs leave on disk is looked at, and held in memory. */
export interface DrillView {
  readonly view: KeepView;
  /** Sees this world from now on. @param back ms that its clock is ahead of the one that is shown */
  enter(world: World, back: number): void;
  /** Reads what there is now, and tells the pages where it is news. */
  look(): Promise<void>;
  /** Says on the page what is played. */
  say(note: Partial<DrillNote>): void;
  /** Epoch ms by the clock that is shown. */
  now(): number;
  /** How many jobs the history holds. */
  jobsNoted(): number;
}

const NAME = "default";
const EVERYTHING = { since: 0, limit: HISTORY_BOUNDS.mostRows };

/** A history by the night's clock, and when the machine's showed it (epoch ms). */
interface Noted {
  readonly entry: HistoryEntry;
  readonly machineAt: number;
}

export function drillView(changes: Listeners): DrillView {
  let scene: { readonly world: World; readonly back: number } | null = null;
  let note: DrillNote = {
    state: "waiting",
    startsAt: null,
    endsAt: null,
    hour: 0,
    hours: 0,
    what: "",
    jobs: { ended: 0, succeeded: 0, unwritten: 0, all: 0 },
    without: null,
  };
  let seen: { readonly view: LoginView | null; readonly noted: readonly Noted[] } = {
    view: null,
    noted: [],
  };
  let told = "";

  const now = () => (scene === null ? Date.now() : scene.world.clock.now() - scene.back);

  const kept = (): KeptLogin => {
    const entries = seen.noted.map(({ entry }) => entry);
    const written = entries.find(({ kind, to }) => kind === "refresh" && to !== null)?.at;
    const renewedAt = renewalIn(seen.view) ?? written ?? null;
    const isAsked = scene?.world.sandbox.tokenPosts().some(({ state }) => state === "pending");
    return {
      name: NAME,
      view: seen.view,
      lookedAt: seen.view && now(),
      activity: isAsked === true ? "refreshing" : "idle",
      trouble: troubleOf(entries, renewedAt),
      renewedAt,
      // A job that starts then renews it, as a keeper would.
      nextAttemptAt: seen.view && attemptAt(seen.view, now()),
    };
  };

  const tellIfNews = () => {
    const news = { ...healthOf(kept(), now()), lookedAt: null, nextAttemptAt: null };
    const telling = JSON.stringify([news, seen.noted.length, note]);
    if (telling === told) return;
    told = telling;
    changes.call();
  };

  return {
    now,
    jobsNoted: () => seen.noted.filter(({ entry }) => entry.kind === "run").length,
    enter(world, back) {
      scene = { world, back };
    },
    async look() {
      if (scene === null) return;
      seen = (await seenIn(scene.world, scene.back)) ?? seen;
      tellIfNews();
    },
    say(more) {
      note = { ...note, ...more };
      tellIfNews();
    },
    view: {
      version: VERSION,
      now,
      isTicking: () => true,
      logins: () => [kept()],
      status: () => ({
        schema: "pilotlight.status/v1",
        generatedAt: new Date(now()).toISOString(),
        effective: { source: "claude-file", billing: "subscription", shadowed: [] },
        logins: seen.view === null ? [] : [loginStatus(seen.view, now())],
      }),
      // The page reaches back by the machine's clock, and hours may have gone by on the night's meanwhile.
      history: async ({ since, limit, login = NAME }) =>
        seen.noted
          .filter(({ entry, machineAt }) => {
            const isRecent = Date.now() - machineAt <= now() - since;
            return entry.login === login && (entry.at >= since || isRecent);
          })
          .slice(0, limit)
          .map(({ entry }) => historyRow(entry)),
      async refresh() {
        throw new PilotlightError("usage", "a drill renews nothing but what its night asks for");
      },
      onChange: (listener) => changes.add(listener),
      channels: () => [],
      metrics: async () => "# This is a drill; pilotlight keep has the metrics.\n",
      drill: () => note,
    },
  };
}

/** When the present access token came (epoch ms), as far as its last verdict tells. */
function renewalIn(view: LoginView | null): number | null {
  const verdict = view?.record.verdict;
  return verdict?.kind === "proved" && verdict.by === "refresh" ? verdict.at : null;
}

/** Reads the login and its history, both by the clock that is shown. @returns `null` for what cannot be read just now */
async function seenIn(
  { clock, env }: World,
  back: number,
): Promise<{ readonly view: LoginView; readonly noted: readonly Noted[] } | null> {
  const config = await readConfig(env);
  const [login] = selectLogins(config, NAME);
  if (login === undefined) throw new PilotlightError("bug", "a world without its login");
  const ahead = clock.ahead();
  try {
    const [view, entries] = await Promise.all([
      viewOf(config, login),
      readHistory(config.stateDir, EVERYTHING),
    ]);
    // Time was let go by meanwhile, and nobody can say whether before or after a date was read.
    if (clock.ahead() !== ahead) return null;
    const noted = entries.map((entry) => notedBy(clock, entry, back));
    return { view: inNightTime(view, ahead - back), noted };
  } catch (error) {
    if (error instanceof PilotlightError) return null;
    throw error;
  }
}

function notedBy(clock: NightClock, entry: HistoryEntry, back: number): Noted {
  const { at } = entry;
  return { entry: { ...entry, at: clock.nightTimeOf(at) - back }, machineAt: at };
}
