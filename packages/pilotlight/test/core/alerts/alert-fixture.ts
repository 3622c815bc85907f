import type { Alert, AlertPolicy } from "../../../src/core/alerts/alert.ts";
import { type AlertMemory, EMPTY_ALERT_MEMORY } from "../../../src/core/alerts/alert-memory.ts";
import { decideAlerts } from "../../../src/core/alerts/decide-alerts.ts";
import { type QuietHours, parseQuietHours } from "../../../src/core/alerts/quiet-hours.ts";
import { type ErrorCode, traitsOf } from "../../../src/core/errors.ts";
import type { Billing } from "../../../src/core/explanation.ts";
import type { LoginHealth } from "../../../src/core/health.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** Noon of a Friday, UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12);

export function quiet(span = "22:00-07:00", zone = "UTC"): QuietHours {
  const hours = parseQuietHours(span, zone);
  if (hours === null) throw new Error(`${span} is no span`);
  return hours;
}

export function policy(changes: Partial<AlertPolicy> = {}): AlertPolicy {
  return {
    host: "host1",
    renewUrl: "https://keep.example/sign-in",
    quiet: null,
    grace: 15 * MINUTE,
    escalateAfter: 4 * HOUR,
    blindAfter: 10 * MINUTE,
    ...changes,
  };
}

/** A login that is well, with a token for hours and an end in 25 days. */
export function well(now: number, changes: Partial<LoginHealth> = {}): LoginHealth {
  return {
    name: "bot",
    phase: "fresh",
    usable: true,
    proof: { state: "unproved", at: null, by: null, code: null },
    health: "ok",
    expiresAt: new Date(now + 6 * HOUR).toISOString(),
    loginEndsAt: new Date(NOON + 25 * DAY).toISOString(),
    lookedAt: new Date(now).toISOString(),
    renewedAt: null,
    nextAttemptAt: null,
    activity: "idle",
    journal: "clear",
    trouble: null,
    action: null,
    ...changes,
  };
}

/** A login with one kind of trouble, as `healthOf` tells it. */
export function ill(
  code: ErrorCode,
  now: number,
  { usable = true, ...changes }: Partial<LoginHealth> = {},
): LoginHealth {
  const { what, fix, command = null, mover } = traitsOf(code);
  return well(now, {
    usable,
    health: usable ? "degraded" : "down",
    trouble: { code, detail: "as it was seen", since: null, failures: 1 },
    action: { code, message: `${what}: as it was seen. ${fix}`, command, by: mover },
    ...changes,
  });
}

/** A daemon's memory: asks at a time what is to be told, and remembers it. */
export function asking(settings: AlertPolicy, start: AlertMemory = EMPTY_ALERT_MEMORY) {
  let memory = start;
  let nextAt: number | null = null;
  return {
    memory: () => memory,
    nextAt: () => nextAt,
    at(now: number, health: LoginHealth, billing: Billing | null = "subscription") {
      const place = { name: health.name, configDir: "/srv/bot/.claude" };
      const decision = decideAlerts(memory, { health, place, billing }, settings, now);
      // As it is when it comes back from the disk.
      memory = JSON.parse(JSON.stringify(decision.memory)) as AlertMemory;
      nextAt = decision.nextAt;
      return decision.alerts;
    },
  };
}

export const kinds = (alerts: readonly Alert[]): readonly string[] =>
  alerts.map(({ kind }) => kind);
