import type { ChannelHealth } from "../../core/alerts/channel-health.ts";
import { type Health, healthOf, type LoginHealth, worstHealth } from "../../core/health.ts";
import { isoOf } from "../../core/iso-time.ts";
import { discreet } from "../../core/discreet.ts";
import type { DrillNote } from "../drill-note.ts";
import type { KeepView } from "../keep-view.ts";
import { failureOf, type Problem, refusalOf, unavailable } from "../problem.ts";

/** `pilotlight.health/v1`: how the keeper and every login are. */
export interface HealthReport {
  readonly schema: "pilotlight.health/v1";
  readonly generatedAt: string | null;
  /** Of all logins together; called so because `status` is the HTTP status of a problem. */
  readonly health: Health;
  readonly version: string;
  /** Whether the keeper's loop still turns. */
  readonly ticking: boolean;
  readonly logins: readonly LoginHealth[];
  /** How alerts get out. It does not count for `health`, which is about jobs. */
  readonly notify: { readonly channels: readonly ChannelHealth[] };
  /** Only in a drill. */
  readonly drill?: DrillNote;
}

/** Tells how everything is now. A loop that stands still degrades what is well: nobody renews it any more. */
export function healthReport(view: KeepView): HealthReport {
  const now = view.now();
  const logins = view.logins().map((kept) => shown(healthOf(kept, now)));
  const ticking = view.isTicking();
  const healths = logins.map(({ health }) => health);
  return {
    schema: "pilotlight.health/v1",
    generatedAt: isoOf(now),
    health: worstHealth(ticking ? healths : [...healths, "degraded"]),
    version: view.version,
    ticking,
    logins,
    notify: { channels: view.channels().map(shownChannel) },
    ...(view.drill === undefined ? {} : { drill: view.drill() }),
  };
}

/** Why jobs cannot start, in the worst login's name; `null` while they can. */
export function problemOfHealth({ health, logins }: HealthReport): Problem | null {
  if (health === "ok" || health === "degraded") return null;
  const worst = logins.find((login) => login.health === health);
  const names = logins.filter((login) => login.health === health).map(({ name }) => name);
  const detail = `${health}: ${names.join(", ")}`;
  if (worst === undefined || health === "starting") return refusalOf("starting", detail);
  if (worst.action !== null) return unavailable(worst.action, detail);
  return failureOf(worst.trouble?.code ?? "bug", detail);
}

/** The same for whoever may not know more: neither names nor places. */
export function bareProblem({ code, status, title, type, action }: Problem): Problem {
  const general = action && { ...action, message: title, command: null };
  return { type, title, status, detail: "Not every login can be used.", code, action: general };
}

function shownChannel(channel: ChannelHealth): ChannelHealth {
  return { ...channel, detail: channel.detail === null ? null : discreet(channel.detail) };
}

function shown(login: LoginHealth): LoginHealth {
  const { trouble, action } = login;
  return {
    ...login,
    trouble: trouble && { ...trouble, detail: discreet(trouble.detail) },
    action: action && { ...action, message: discreet(action.message) },
  };
}
