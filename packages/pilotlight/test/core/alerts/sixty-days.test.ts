import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Alert } from "../../../src/core/alerts/alert.ts";
import { quietUntil } from "../../../src/core/alerts/quiet-hours.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { LoginHealth } from "../../../src/core/health.ts";
import {
  asking,
  DAY,
  HOUR,
  ill,
  MINUTE,
  NOON,
  policy,
  quiet,
  SECOND,
  well,
} from "./alert-fixture.ts";

const CODES = [
  "network_unavailable",
  "throttled",
  "in_doubt",
  "login_ended",
  "cli_refused",
  "refresh_token_spent",
  "cannot_persist",
  "organization_forbidden",
] as const satisfies readonly ErrorCode[];

/** How a login is for a while. */
interface Spell {
  readonly ms: number;
  readonly code: (typeof CODES)[number] | null;
  readonly usable: boolean;
  readonly left: number;
  readonly billing: "subscription" | "api";
  /** Somebody signs in at its begin. */
  readonly signIn: boolean;
}

const spell: fc.Arbitrary<Spell> = fc.record({
  ms: fc.oneof(
    fc.integer({ min: SECOND, max: 20 * MINUTE }),
    fc.integer({ min: 20 * MINUTE, max: 3 * DAY }),
  ),
  code: fc.option(fc.constantFrom(...CODES), { freq: 2 }),
  usable: fc.boolean(),
  left: fc.integer({ min: MINUTE, max: 10 * HOUR }),
  billing: fc.oneof(
    { weight: 9, arbitrary: fc.constant("subscription" as const) },
    { weight: 1, arbitrary: fc.constant("api" as const) },
  ),
  signIn: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

interface Told {
  readonly alert: Alert;
  readonly health: LoginHealth;
  readonly endsAt: number;
}

const settings = policy({ quiet: quiet("22:00-07:00", "Europe/Berlin"), blindAfter: 2 * HOUR });

/** Sixty days, with a look every hour, at every change, and whenever the decision asked for one. */
function live(spells: readonly Spell[]): readonly Told[] {
  const desk = asking(settings);
  const told: Told[] = [];
  const last = NOON + 60 * DAY;
  let endsAt = NOON + 30 * DAY;
  let now = NOON;
  for (let turn = 0; now < last && turn < 2_000; turn++) {
    const { ms, code, usable, left, billing, signIn } = spells[turn % spells.length] as Spell;
    if (signIn || now > endsAt + DAY) endsAt = now + 30 * DAY;
    const until = Math.min(now + ms, last);
    const end = { loginEndsAt: new Date(endsAt).toISOString() };
    const expiresAt = new Date(now + left).toISOString();
    while (now < until) {
      const health = code === null ? well(now, end) : ill(code, now, { ...end, usable, expiresAt });
      for (const alert of desk.at(now, health, billing)) told.push({ alert, health, endsAt });
      now = Math.min(until, now + HOUR, Math.max(now + 1, desk.nextAt() ?? Infinity));
    }
  }
  return told;
}

/** Why an alert may be told at night; `null` for no reason at all. */
function reasonAtNight({ alert, health, endsAt }: Told, before: readonly Told[]): string | null {
  const until = quietUntil(settings.quiet, alert.at);
  if (until === null) return "it is day";
  if (Math.abs(endsAt - alert.at) <= DAY) return "the last day";
  if (alert.kind === "payer_changed" && alert.title.includes("API")) return "it costs";
  if (alert.kind === "recovered") {
    const tonight = before.filter(({ alert: { at } }) => quietUntil(settings.quiet, at) === until);
    return tonight.length > 0 ? "somebody was woken" : null;
  }
  const expiresAt = Date.parse(health.expiresAt ?? "");
  const isForPeople = health.action?.by !== "wait" || health.action.code === "in_doubt";
  return isForPeople && (!health.usable || expiresAt < until) ? "a person must act" : null;
}

describe("in sixty days of anything", () => {
  it("nothing is told twice, no step is left out, and nobody is woken for what can wait", () => {
    fc.assert(
      fc.property(fc.array(spell, { minLength: 1, maxLength: 60 }), (spells) => {
        const told = live(spells);
        const open = new Set<string>();
        let last: string | null = null;
        const steps = new Map<number, number>();
        for (const [index, one] of told.entries()) {
          const { alert, endsAt } = one;
          expect(reasonAtNight(one, told.slice(0, index))).not.toBeNull();
          for (const topic of alert.closes) {
            // An end is also known of by the trouble that says the same.
            if (topic !== "login_end") expect(open.has(topic)).toBe(true);
            open.delete(topic);
          }
          if (alert.kind === "recovered") {
            if (alert.closes.includes("problem")) last = null;
            continue;
          }
          // In trouble, a new login is not told of, and its own end begins anew.
          if (alert.topic !== "login_end") {
            expect(alert.opens).toBe(!open.has(alert.topic) && alert.kind !== "escalation");
          }
          open.add(alert.topic);
          if (alert.step !== null) {
            expect(alert.step).toBeLessThan(steps.get(endsAt) ?? Infinity);
            steps.set(endsAt, alert.step);
          } else if (alert.topic === "problem" && alert.kind !== "escalation") {
            const what = `${alert.code} ${alert.severity}`;
            expect(what).not.toBe(last);
            last = what;
          }
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
  }, 120_000);

  it("a login that is well and ends is announced in full, and one that is renewed in time brings no other alert", () => {
    const calm: Spell = {
      ms: 3 * DAY,
      code: null,
      usable: true,
      left: 9 * HOUR,
      billing: "subscription",
      signIn: false,
    };
    const kinds = live([calm]).map(({ alert }) => alert.step ?? alert.kind);
    const ladder = [7 * DAY, 3 * DAY, DAY, 6 * HOUR, HOUR, 0];
    // The second login ends after the sixty days are over.
    expect(kinds).toEqual([...ladder, "recovered", 7 * DAY, 3 * DAY].slice(0, kinds.length));
    expect(kinds.length).toBeGreaterThan(7);
  });
});
