import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/core/errors.ts";
import {
  asking,
  DAY,
  HOUR,
  ill,
  kinds,
  MINUTE,
  NOON,
  policy,
  quiet,
  SECOND,
  well,
} from "./alert-fixture.ts";

const NIGHT = Date.UTC(2026, 10, 20, 23);
const MORNING = Date.UTC(2026, 10, 21, 7);

/** Looks every half minute until `to`, and says when what was told. */
function watch(
  desk: ReturnType<typeof asking>,
  from: number,
  to: number,
  health: (now: number) => Parameters<typeof desk.at>[1],
): readonly (readonly [ms: number, kind: string])[] {
  const told: [number, string][] = [];
  for (let now = from; now <= to; now += 30 * SECOND) {
    for (const { kind } of desk.at(now, health(now))) told.push([now - from, kind]);
  }
  return told;
}

describe("when trouble is told", () => {
  it.each<[string, ErrorCode, boolean, number]>([
    [
      "what only time mends, while jobs run, after the grace",
      "network_unavailable",
      true,
      15 * MINUTE,
    ],
    ["what only time mends and stops jobs, after two minutes", "throttled", false, 2 * MINUTE],
    ["what a person must mend, at once", "login_ended", true, 10 * SECOND],
    ["what an admin must mend, at once", "organization_forbidden", false, 10 * SECOND],
    ["a refresh in doubt, at once", "in_doubt", true, 10 * SECOND],
  ])("%s", (_, code, usable, hold) => {
    const desk = asking(policy());
    expect(desk.at(NOON, ill(code, NOON, { usable }))).toEqual([]);
    expect(desk.nextAt()).toBe(NOON + hold);
    // A look now and then, as the daemon has it: it has not been blind.
    for (let now = NOON + MINUTE; now < NOON + hold - 1; now += MINUTE) {
      expect(desk.at(now, ill(code, now, { usable }))).toEqual([]);
    }
    expect(desk.at(NOON + hold - 1, ill(code, NOON, { usable }))).toEqual([]);
    const [alert, ...more] = desk.at(NOON + hold, ill(code, NOON, { usable }));
    expect(alert).toMatchObject({ code, since: NOON, opens: true, login: "bot", host: "host1" });
    expect(more).toEqual([]);
    expect(desk.at(NOON + hold + 1, ill(code, NOON, { usable }))).toEqual([]);
  });

  it("passes in silence when it heals within the grace", () => {
    const desk = asking(policy());
    const told = watch(desk, NOON, NOON + 14 * MINUTE, (now) => ill("endpoint_unavailable", now));
    expect(told).toEqual([]);
    expect(watch(desk, NOON + 14 * MINUTE, NOON + HOUR, (now) => well(now))).toEqual([]);
  });

  it("does not wait for ever for a code that changes all the time", () => {
    const codes = ["network_unavailable", "throttled", "edge_forbidden"] as const;
    const told = watch(asking(policy()), NOON, NOON + HOUR, (now) =>
      ill(codes[Math.floor(now / MINUTE) % 3] ?? "throttled", now),
    );
    expect(told).toEqual([[15 * MINUTE, "trouble"]]);
  });

  it("does not count the time of a suspend or of a restart", () => {
    const desk = asking(policy());
    desk.at(NOON, ill("network_unavailable", NOON));
    const awake = NOON + 9 * HOUR;
    expect(desk.at(awake, ill("network_unavailable", awake))).toEqual([]);
    expect(desk.nextAt()).toBe(awake + 15 * MINUTE);
    expect(desk.at(awake + MINUTE, well(awake))).toEqual([]);
  });

  it("leaves a copy that others renew to them until an hour is left", () => {
    const expiresAt = new Date(NOON + 2 * HOUR).toISOString();
    const copy = () => ill("store_read_only", NOON, { expiresAt });
    const told = watch(asking(policy()), NOON, NOON + 2 * HOUR - 1, copy);
    expect(told).toEqual([[HOUR, "trouble"]]);
  });

  it.each([
    ["cli_refused", "build_refused"],
    ["refresh_token_spent", "copied_login"],
    ["in_doubt", "in_doubt"],
    ["login_ended", "login_ended"],
    ["cannot_persist", "trouble"],
  ] as const)("%s is an alert of the kind %s", (code, kind) => {
    const told = watch(asking(policy()), NOON, NOON + MINUTE, (now) => ill(code, now));
    expect(told.map(([, each]) => each)).toEqual([kind]);
  });

  it("says nothing before anybody has looked, and not of what the keeper is about to do", () => {
    const desk = asking(policy());
    const unseen = well(NOON, { health: "starting", usable: false, loginEndsAt: null });
    const due = (now: number) => {
      const action = {
        code: "refresh_due",
        message: "due",
        command: null,
        by: "pilotlight",
      } as const;
      return well(now, { phase: "due", action });
    };
    expect(watch(desk, NOON, NOON + HOUR, () => unseen)).toEqual([]);
    expect(watch(desk, NOON + HOUR, NOON + 3 * HOUR, due)).toEqual([]);
  });
});

describe("what is told after that", () => {
  const told = (code: ErrorCode, usable = true) => {
    const desk = asking(policy());
    watch(desk, NOON, NOON + 15 * MINUTE, (now) => ill(code, now, { usable }));
    return desk;
  };
  const next = NOON + 15 * MINUTE + 30 * SECOND;

  it("is that jobs fail by now", () => {
    const later = watch(told("in_doubt"), next, next + HOUR, (now) =>
      ill("in_doubt", now, { usable: false }),
    );
    expect(later).toEqual([[30 * SECOND, "in_doubt"]]);
  });

  it("is other trouble, with what it was before", () => {
    const desk = told("network_unavailable");
    watch(desk, next, next, (now) => ill("login_ended", now));
    const [alert] = desk.at(next + 10 * SECOND, ill("login_ended", next));
    expect(alert).toMatchObject({
      kind: "login_ended",
      after: "network_unavailable",
      opens: false,
    });
  });

  it("is not another code that only time can mend", () => {
    expect(
      watch(told("network_unavailable"), next, next + 3 * HOUR, (now) => ill("throttled", now)),
    ).toEqual([]);
  });

  it("is a reminder, slower each time, while nobody acts", () => {
    const times = watch(told("login_ended"), NOON, NOON + 12 * DAY, (now) =>
      ill("login_ended", now, { loginEndsAt: null }),
    );
    expect(times.every(([, kind]) => kind === "escalation")).toBe(true);
    const hours = times.map(([ms]) => Math.floor(ms / HOUR));
    expect(hours).toEqual([4, 12, 28, 60, 124, 196, 268]);
  });

  it("is nothing more where reminders are off", () => {
    const desk = asking(policy({ escalateAfter: null }));
    const times = watch(desk, NOON, NOON + 3 * DAY, (now) => ill("login_ended", now));
    expect(times).toEqual([[30 * SECOND, "login_ended"]]);
  });

  it("is that it is over, once, when it has been for a minute", () => {
    const desk = told("login_ended");
    expect(desk.at(next, well(next))).toEqual([]);
    expect(desk.at(next + MINUTE - 1, well(next))).toEqual([]);
    const [alert] = desk.at(next + MINUTE, well(next));
    expect(alert).toMatchObject({ kind: "recovered", after: "login_ended", closes: ["problem"] });
    expect(watch(desk, next + MINUTE, next + DAY, (now) => well(now))).toEqual([]);
  });

  it("is nothing when it comes and goes", () => {
    const flapping = (now: number) =>
      Math.floor(now / (30 * SECOND)) % 2 === 0 ? well(now) : ill("login_ended", now);
    expect(watch(told("login_ended"), next, next + 3 * HOUR, flapping)).toEqual([]);
  });
});

describe("the ladder before the login's end", () => {
  const END = NOON + 30 * DAY;
  const ending = (now: number, end = END) => {
    const soon = {
      code: "login_ends_soon",
      message: "soon",
      command: "pilotlight login",
      by: "person",
    } as const;
    const isSoon = end - now <= 7 * DAY;
    return well(now, {
      loginEndsAt: new Date(end).toISOString(),
      ...(isSoon && { health: "degraded", action: soon }),
    });
  };

  it.each([7 * DAY, 3 * DAY, DAY, 6 * HOUR, HOUR, 0])("has a step %i ms before it", (step) => {
    const desk = asking(policy());
    desk.at(NOON, ending(NOON));
    const before = desk.at(END - step - 1, ending(END - step - 1));
    expect(before.filter((alert) => alert.step === step)).toEqual([]);
    expect(desk.nextAt()).toBe(END - step);
    expect(desk.at(END - step, ending(END - step))).toMatchObject([
      {
        step,
        kind: step === 0 ? "login_ended" : "login_ends",
        command: "pilotlight login --login bot",
        renewUrl: "https://keep.example/sign-in",
        by: "person",
      },
    ]);
    expect(desk.at(END - step + 1, ending(END - step + 1))).toEqual([]);
  });

  it("is told step by step, each once, and begins anew with the next login", () => {
    const desk = asking(policy());
    const steps: (number | null)[] = [];
    for (let now = NOON; now < END + DAY; now += HOUR) {
      steps.push(...desk.at(now, ending(now)).map(({ step }) => step));
    }
    expect(steps).toEqual([7 * DAY, 3 * DAY, DAY, 6 * HOUR, HOUR, 0]);
    const signedIn = END + DAY;
    const next = signedIn + 30 * DAY;
    expect(kinds(desk.at(signedIn, ending(signedIn, next)))).toEqual(["recovered"]);
    expect(desk.at(next - 7 * DAY, ending(next - 7 * DAY, next))).toMatchObject([
      { step: 7 * DAY },
    ]);
  });

  it("begins at the step where it is found", () => {
    const desk = asking(policy());
    expect(desk.at(END - 2 * DAY, ending(END - 2 * DAY))).toMatchObject([
      { step: 3 * DAY, opens: true },
    ]);
  });

  it("is not told anew when the server works the same end out anew", () => {
    const desk = asking(policy());
    const told: unknown[] = [];
    for (let now = END - 8 * DAY; now < END - 4 * DAY; now += HOUR) {
      told.push(...desk.at(now, ending(now, END + ((now / HOUR) % 7) * MINUTE)));
    }
    expect(told).toHaveLength(1);
  });

  it("is silent where people know already that somebody must sign in", () => {
    const desk = asking(policy());
    const ended = (now: number) =>
      ill("login_ended", now, { usable: false, loginEndsAt: new Date(END).toISOString() });
    watch(desk, END - 4 * DAY, END - 4 * DAY + MINUTE, ended);
    const told = watch(desk, END - 4 * DAY + MINUTE, END + HOUR, ended);
    expect(new Set(told.map(([, kind]) => kind))).toEqual(new Set(["escalation"]));
  });

  it("and trouble are over with one notice when somebody signs in", () => {
    const desk = asking(policy());
    const ended = (now: number) =>
      ill("login_ended", now, { usable: false, loginEndsAt: new Date(END).toISOString() });
    expect(kinds(desk.at(END - 2 * DAY, ending(END - 2 * DAY)))).toEqual(["login_ends"]);
    watch(desk, END - DAY, END - DAY + MINUTE, ended);
    const signedIn = END - DAY + 2 * MINUTE;
    const next = signedIn + 30 * DAY;
    const alerts = watch(desk, signedIn, signedIn + HOUR, (now) => ending(now, next));
    expect(alerts).toEqual([[MINUTE, "recovered"]]);
  });
});

describe("quiet hours", () => {
  const settings = policy({ quiet: quiet() });

  it.each<[string, ErrorCode, { usable: boolean; left: number }, number]>([
    [
      "hold back what only time mends, also where it stops jobs",
      "throttled",
      { usable: false, left: 0 },
      MORNING,
    ],
    [
      "hold back what a person must mend while jobs run through the night",
      "cli_refused",
      { usable: true, left: 8 * HOUR },
      MORNING,
    ],
    [
      "do not when the token ends 1 ms before they do",
      "cli_refused",
      { usable: true, left: 8 * HOUR - 1 },
      NIGHT + 30 * SECOND,
    ],
    [
      "do not what a person must mend when jobs fail",
      "login_ended",
      { usable: false, left: 0 },
      NIGHT + 30 * SECOND,
    ],
    [
      "do not a refresh in doubt that stops jobs",
      "in_doubt",
      { usable: false, left: 0 },
      NIGHT + 30 * SECOND,
    ],
  ])("%s", (_, code, { usable, left }, when) => {
    const expiresAt = new Date(NIGHT + left).toISOString();
    const told = watch(asking(settings), NIGHT, MORNING + HOUR, (now) =>
      ill(code, now, { usable, expiresAt }),
    );
    expect(told[0]?.[0]).toBe(when - NIGHT);
  });

  it("say in the morning what is still so, and nothing of what is not", () => {
    const desk = asking(settings);
    const ended = (now: number) =>
      now < NIGHT + 3 * HOUR ? ill("throttled", now, { usable: false }) : well(now);
    expect(watch(desk, NIGHT, MORNING + DAY / 2, ended)).toEqual([]);
  });

  it.each([
    ["1 ms more than a day before the end", DAY + 1, []],
    ["a day before the end", DAY, ["trouble"]],
    ["1 ms less", DAY - 1, ["trouble"]],
    ["a day after it", -DAY, ["trouble"]],
    ["1 ms more than that", -DAY - 1, []],
  ])("%s", (_, left, expected) => {
    const desk = asking(settings, {
      problem: { seen: null, told: null, goneSince: null },
      loginEnd: { endsAt: NIGHT + MINUTE + left, told: 0 },
      payer: null,
    });
    const loginEndsAt = new Date(NIGHT + MINUTE + left).toISOString();
    desk.at(NIGHT, ill("cannot_persist", NIGHT, { loginEndsAt, expiresAt: null }));
    const alerts = desk.at(
      NIGHT + MINUTE,
      ill("cannot_persist", NIGHT, { loginEndsAt, expiresAt: null }),
    );
    expect(kinds(alerts)).toEqual(expected);
  });

  it("hold back the early steps of the ladder, and none of the last day", () => {
    const end = Date.UTC(2026, 10, 27, 23, 30);
    const desk = asking(settings);
    const told: (readonly [number | null, number])[] = [];
    for (let now = end - 8 * DAY; now <= end + MINUTE; now += MINUTE) {
      const health = well(now, { loginEndsAt: new Date(end).toISOString() });
      told.push(...desk.at(now, health).map(({ step, at }) => [step, end - at] as const));
    }
    expect(told).toEqual([
      [7 * DAY, 6 * DAY + 16.5 * HOUR],
      [3 * DAY, 2 * DAY + 16.5 * HOUR],
      [DAY, DAY],
      [6 * HOUR, 6 * HOUR],
      [HOUR, HOUR],
      [0, 0],
    ]);
  });

  it("let whoever was woken know at once that it is over, and nobody else", () => {
    const woken = asking(settings);
    watch(woken, NIGHT, NIGHT + MINUTE, (now) => ill("login_ended", now, { usable: false }));
    expect(watch(woken, NIGHT + HOUR, NIGHT + 2 * HOUR, (now) => well(now))).toEqual([
      [MINUTE, "recovered"],
    ]);
    const asleep = asking(settings);
    watch(asleep, NOON, NOON + MINUTE, (now) => ill("login_ended", now, { usable: false }));
    expect(watch(asleep, NIGHT, MORNING, (now) => well(now))).toEqual([
      [MORNING - NIGHT, "recovered"],
    ]);
  });
});

describe("who pays", () => {
  it("is an alert when it changes, also while nobody looked, and when it is as before", () => {
    const desk = asking(policy({ quiet: quiet() }));
    expect(desk.at(NIGHT, well(NIGHT), "subscription")).toEqual([]);
    expect(desk.at(NIGHT + HOUR, well(NIGHT), null)).toEqual([]);
    expect(desk.at(NIGHT + HOUR, well(NIGHT), "none")).toEqual([]);
    expect(desk.at(NIGHT + 2 * HOUR, well(NIGHT), "api")).toMatchObject([
      {
        kind: "payer_changed",
        severity: "critical",
        command: "pilotlight explain",
        by: "person",
        renewUrl: null,
      },
    ]);
    expect(desk.at(NIGHT + 3 * HOUR, well(NIGHT), "api")).toEqual([]);
    expect(desk.at(NIGHT + 4 * HOUR, well(NIGHT), "subscription")).toEqual([]);
    expect(desk.at(MORNING, well(MORNING), "subscription")).toMatchObject([
      { kind: "recovered", closes: ["payer"] },
    ]);
  });

  it("may be an API key as usual: then the subscription is what is told", () => {
    const desk = asking(policy());
    desk.at(NOON, well(NOON), "api");
    expect(desk.at(NOON + HOUR, well(NOON), "subscription")).toMatchObject([
      {
        kind: "payer_changed",
        opens: true,
        title: "bot on host1: jobs are billed to the subscription",
      },
    ]);
    expect(kinds(desk.at(NOON + 2 * HOUR, well(NOON), "api"))).toEqual(["recovered"]);
  });
});
