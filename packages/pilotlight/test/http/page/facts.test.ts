import { describe, expect, it } from "vitest";
import { type Health, healthOf } from "../../../src/core/health.ts";
import type { KeptLogin } from "../../../src/core/kept-login.ts";
import type { HealthReport } from "../../../src/http/answers/health.ts";
import type { HistoryRow } from "../../../src/http/keep-view.ts";
import { incidentsOf, parseIncidentId } from "../../../src/http/page/facts/incidents.ts";
import { laneShape } from "../../../src/http/page/facts/lane-shape.ts";
import { printAge, printCountdown } from "../../../src/http/page/facts/print-time.ts";
import { summaryOf } from "../../../src/http/page/facts/summary.ts";
import { latencies, tallyJobs, tallyOutcomes } from "../../../src/http/page/facts/tallies.ts";
import { entry, HOUR, kept, NOW, viewOf } from "../small-keeper.ts";
import { endedLogin, row, throttledLogin, wellLogin } from "./a-night.ts";

const DAY = 24 * HOUR;

describe("a countdown", () => {
  it.each([
    [-1, "0:00:00"],
    [999, "0:00:00"],
    [1000, "0:00:01"],
    [HOUR - 1, "0:59:59"],
    [HOUR, "1:00:00"],
    [DAY - 1, "23:59:59"],
    [DAY, "1 d 0 h"],
    [25 * DAY + 7.9 * HOUR, "25 d 7 h"],
  ])("of %d ms is %s", (left, text) => {
    expect(printCountdown(left)).toBe(text);
  });
});

describe("an age", () => {
  it.each([
    [4999, "just now"],
    [-4999, "just now"],
    [5000, "5 s ago"],
    [-2 * HOUR, "in 2 h 0 min"],
  ])("of %d ms is %s", (span, text) => {
    expect(printAge(span)).toBe(text);
  });
});

function reportOf(logins: readonly KeptLogin[], health: Health, ticking = true): HealthReport {
  return {
    schema: "pilotlight.health/v1",
    generatedAt: new Date(NOW).toISOString(),
    health,
    version: "1.2.3",
    ticking,
    logins: logins.map((login) => healthOf(login, NOW)),
    notify: { channels: [] },
  };
}

const soon = (name: string): KeptLogin =>
  kept(name, { view: viewOf(name, { entry: entry({ refreshTokenExpiresAt: NOW + 5 * DAY }) }) });
const none = (name: string): KeptLogin =>
  kept(name, { view: viewOf(name, { entry: { state: "absent" } }) });
const refused = {
  trouble: { code: "account_problem", detail: "", since: NOW, failures: 1 },
} as const;

describe("the sentence on top", () => {
  it.each<[string, readonly KeptLogin[], Health, string]>([
    ["nothing is kept", [], "ok", "No login is kept here."],
    [
      "nobody has looked",
      [kept("a", { view: null })],
      "starting",
      "Looking at the logins for the first time.",
    ],
    [
      "all is well",
      [wellLogin("a"), wellLogin("b", HOUR)],
      "ok",
      "All well. Next renewal in 3 h 48 min.",
    ],
    [
      "a renewal is due now",
      [{ ...wellLogin("a"), nextAttemptAt: NOW - 5 }],
      "ok",
      "All well. Next renewal now.",
    ],
    [
      "one is being renewed",
      [{ ...wellLogin("a"), activity: "refreshing" }],
      "ok",
      "All well. A renewal is under way.",
    ],
    [
      "another keeper has it",
      [{ ...wellLogin("a"), activity: "standby", nextAttemptAt: null }],
      "ok",
      "All well. Another keeper renews; this one stands by.",
    ],
    [
      "renewals fail",
      [throttledLogin("a"), wellLogin("b")],
      "degraded",
      "Jobs run, but renewals of a fail. Next try in 13 min.",
    ],
    ["the only one ended", [endedLogin("a")], "down", "The login needs you."],
    ["one of two ended", [endedLogin("a"), wellLogin("b")], "down", "1 of 2 logins needs you: a."],
    [
      "four are gone",
      ["a", "b", "c", "d"].map(none),
      "down",
      "4 of 4 logins need you: a, b, c and 1 more.",
    ],
    [
      "two end soon",
      [soon("a"), soon("b"), wellLogin("c")],
      "degraded",
      "2 of 3 logins need you within 5 days: a and b.",
    ],
  ])("where %s", (_, logins, health, sentence) => {
    expect(summaryOf(reportOf(logins, health), NOW).sentence).toBe(sentence);
  });

  it("says above all that nobody renews", () => {
    const summary = summaryOf(reportOf([endedLogin("a")], "down", false), NOW);
    expect(summary).toMatchObject({
      tone: "down",
      sentence: expect.stringContaining("stands still"),
    });
  });

  it("names a command only where one helps all", () => {
    const alike = summaryOf(reportOf([none("default")], "down"), NOW);
    expect(alike.command).toBe("pilotlight login");
    const unlike = summaryOf(reportOf([none("a"), none("b")], "down"), NOW);
    expect(unlike.command).toBe(null);
  });

  it("is no news because time passes", () => {
    const report = reportOf([wellLogin("a")], "ok");
    expect(summaryOf(report, NOW).gist).toBe(summaryOf(report, NOW + HOUR).gist);
  });

  it("calls for an administrator where no other can help", () => {
    const summary = summaryOf(reportOf([kept("a", refused)], "degraded"), NOW);
    expect(summary.sentence).toMatch(/^The login needs (you|an administrator)/);
  });
});

const bad = (ago: number, code: string, fields: Partial<HistoryRow> = {}) =>
  row(ago, "bot", { code, ...fields });
const run = { kind: "run" } as const;
const shapeOf = (rows: readonly HistoryRow[]) =>
  incidentsOf(rows)
    .toReversed()
    .map(({ code, rows: own, overAt }) => [
      code,
      own.length,
      overAt === null ? null : NOW - overAt,
    ]);

describe("an incident", () => {
  it.each<[string, readonly HistoryRow[], unknown]>([
    [
      "is none of a sign-in, which ends every one",
      [
        bad(5, "throttled"),
        bad(4, "auth_rejected", run),
        row(3, "bot", { kind: "login", code: "signed_in" }),
        bad(2, "login_ended"),
        row(1, "bot", { kind: "login", code: "token_minted" }),
      ],
      [
        ["throttled", 1, 3],
        ["auth_rejected", 1, 3],
        ["login_ended", 1, 1],
      ],
    ],
    ["is none of a sign-out", [row(1, "bot", { kind: "login", code: "signed_out" })], []],
    [
      "is a run of failures with one code",
      [bad(9, "throttled"), bad(8, "throttled")],
      [["throttled", 2, null]],
    ],
    [
      "is over when a token comes",
      [bad(9, "throttled"), row(8, "bot", {}), bad(7, "throttled")],
      [
        ["throttled", 1, 8],
        ["throttled", 1, null],
      ],
    ],
    [
      "of renewals is not over because a job succeeds",
      [bad(9, "throttled"), bad(8, "ok", run), bad(7, "throttled")],
      [["throttled", 2, null]],
    ],
    [
      "of jobs is over when one succeeds",
      [bad(9, "overloaded", run), bad(8, "ok", run)],
      [["overloaded", 1, 8]],
    ],
    [
      "gives way to another of its kind",
      [bad(9, "throttled"), bad(8, "login_ended")],
      [
        ["throttled", 1, 8],
        ["login_ended", 1, null],
      ],
    ],
    [
      "stays beside one of jobs",
      [bad(9, "throttled"), bad(8, "overloaded", run)],
      [
        ["throttled", 1, null],
        ["overloaded", 1, null],
      ],
    ],
    [
      "holds the verdict and the job of the same code",
      [bad(9, "login_ended"), bad(8, "ended", { kind: "verdict" }), bad(7, "login_ended", run)],
      [["login_ended", 3, null]],
    ],
    ["is nothing that a job does by itself", [bad(9, "job_failed", run)], []],
  ])("%s", (_, rows, expected) => {
    expect(shapeOf(rows)).toEqual(expected);
    expect(shapeOf(rows.toReversed())).toEqual(expected);
  });

  it("is named after its login and its first event", () => {
    const rows = [bad(9, "throttled"), bad(8, "throttled"), row(7, "other", { code: "throttled" })];
    expect(incidentsOf(rows).map(({ id }) => id)).toEqual([`other-${NOW - 7}`, `bot-${NOW - 9}`]);
    expect(parseIncidentId(`a-b-${NOW}`)).toEqual({ login: "a-b", at: NOW });
    expect([parseIncidentId("bot"), parseIncidentId("-1"), parseIncidentId("bot-x")]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("a lane", () => {
  const health = (login: KeptLogin) => healthOf(login, NOW);

  it("shows tokens from renewal to renewal, and what is ahead", () => {
    const rows = [row(2.2 * HOUR, "a", {}), row(8.2 * HOUR, "a", {})];
    const shape = laneShape(health(wellLogin("a")), rows, NOW);
    expect(shape.lives).toEqual([
      [NOW - 8.2 * HOUR, NOW - 2.2 * HOUR],
      [NOW - 2.2 * HOUR, NOW],
    ]);
    expect(shape.ahead).toEqual([NOW, NOW + 5.8 * HOUR]);
    expect(shape.gaps).toEqual([]);
  });

  it("shows where no token lived", () => {
    const rows = [row(HOUR, "a", {}), row(20 * HOUR, "a", {})];
    const login = health({ ...wellLogin("a", HOUR), renewedAt: null });
    const shape = laneShape(login, rows, NOW);
    expect(shape.gaps).toEqual([[NOW - 12 * HOUR, NOW - HOUR]]);
  });

  it("ends a life where the server rejected it", () => {
    const rejected = row(5.1 * HOUR, "a", { kind: "verdict", code: "auth_rejected" });
    const shape = laneShape(health(endedLogin("a")), [row(13 * HOUR, "a", {}), rejected], NOW);
    expect(shape.lives).toEqual([[NOW - 13 * HOUR, NOW - 5.1 * HOUR]]);
    expect(shape.gaps).toEqual([[NOW - 5.1 * HOUR, NOW]]);
    expect([shape.ahead, shape.failures]).toEqual([null, [NOW - 5.1 * HOUR]]);
  });

  it("begins where the keeper saw it come, without a history", () => {
    expect(laneShape(health(wellLogin("a")), [], NOW).lives).toEqual([[NOW - 2.2 * HOUR, NOW]]);
    expect(laneShape(null, [], NOW)).toMatchObject({ lives: [], ahead: null, loginEnd: null });
  });
});

describe("the figures", () => {
  const span = { from: NOW - 3 * HOUR, to: NOW, step: HOUR };

  it("count renewals by the hour", () => {
    const rows = [
      row(1, "a", {}),
      bad(HOUR, "throttled"),
      bad(HOUR - 1, "adopted"),
      row(9 * HOUR, "a", {}),
    ];
    const { times, series, total } = tallyOutcomes(rows, span);
    expect(times).toEqual([3, 2, 1, 0].map((hours) => (NOW - hours * HOUR) / 1000));
    expect(series).toEqual([
      { name: "renewed", counts: [0, 0, 2, 0] },
      { name: "failed", counts: [0, 0, 1, 0] },
    ]);
    expect(total).toBe(3);
  });

  it("count jobs by verdict, the rare ones together", () => {
    const codes = ["ok", "a", "a", "b", "b", "c", "c", "d", "e", "f"];
    const rows = codes.map((code) => bad(HOUR, code, run));
    const { series, total } = tallyJobs(rows, span);
    expect(series.map(({ name, counts }) => [name, counts[2]])).toEqual([
      ["ok", 1],
      ["a", 2],
      ["b", 2],
      ["c", 2],
      ["other", 3],
    ]);
    expect(total).toBe(10);
  });

  it("show how long renewals took", () => {
    const rows = [
      row(HOUR, "a", { durationMs: 1500 }),
      row(2 * HOUR, "a", {}),
      row(4 * HOUR, "a", { durationMs: 1 }),
    ];
    expect(latencies(rows, span)).toEqual([[(NOW - HOUR) / 1000], [1.5]]);
  });
});
