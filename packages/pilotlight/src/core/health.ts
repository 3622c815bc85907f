import { type ErrorCode, traitsOf } from "./errors.ts";
import { isoOf } from "./iso-time.ts";
import type { Activity, KeepTrouble, KeptLogin } from "./kept-login.ts";
import { type CommandPlace, commandFor } from "./login-command.ts";
import { type Action, endingSoon, type LoginStatus, loginStatus } from "./login-status.ts";
import { capitalised } from "./sentence.ts";

/**
 * `ok`; `degraded`: jobs run, and something is wrong that will stop them; `down`: a job that started now would fail;
 * `starting`: nobody has looked yet.
 */
export type Health = "ok" | "degraded" | "down" | "starting";

/** The health of one kept login. Times are ISO 8601. */
export interface LoginHealth extends Pick<LoginStatus, "name" | "phase" | "usable" | "proof"> {
  readonly health: Health;
  readonly expiresAt: string | null;
  readonly loginEndsAt: string | null;
  readonly lookedAt: string | null;
  readonly renewedAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly activity: Activity;
  /** Whether a grant's result is still to be stored (`open`), or was never seen (`in_doubt`). */
  readonly journal: "clear" | "open" | "in_doubt";
  readonly trouble: {
    readonly code: ErrorCode;
    readonly detail: string;
    readonly since: string | null;
    readonly failures: number;
  } | null;
  /** The one next step; `null` where nothing is to be done. */
  readonly action: Action | null;
}

/** The worst first. */
const RANK: readonly Health[] = ["down", "starting", "degraded", "ok"];

/** The health of all logins together: that of the worst. */
export function worstHealth(healths: readonly Health[]): Health {
  return RANK.find((health) => healths.includes(health)) ?? "ok";
}

/** Tells how a kept login is at `now` (epoch ms). Pure: from what the keeper knows. */
export function healthOf(kept: KeptLogin, now: number): LoginHealth {
  const { name, view, activity, trouble } = kept;
  const status = view && loginStatus(view, now);
  const soon = view && endingSoon(view, now);
  return {
    name,
    health: status === null ? "starting" : judge(status, trouble, soon),
    phase: status?.phase ?? "absent",
    usable: status?.usable ?? false,
    proof: status?.proof ?? { state: "unproved", at: null, by: null, code: null },
    expiresAt: status?.accessToken?.expiresAt ?? null,
    loginEndsAt: status?.loginEndsAt ?? null,
    lookedAt: isoOf(kept.lookedAt),
    renewedAt: isoOf(kept.renewedAt),
    nextAttemptAt: isoOf(kept.nextAttemptAt),
    activity,
    journal: journalOf(view),
    trouble: trouble && { ...trouble, since: isoOf(trouble.since) },
    action: nextStep(view ?? { name, configDir: null }, status?.action ?? null, trouble, soon),
  };
}

function judge(
  { usable, inDoubt, action }: LoginStatus,
  trouble: KeepTrouble | null,
  soon: Action | null,
): Health {
  if (!usable) return "down";
  const isForOthers = action?.by === "person" || action?.by === "admin";
  return trouble !== null || soon !== null || inDoubt || isForOthers ? "degraded" : "ok";
}

function journalOf(view: KeptLogin["view"]): LoginHealth["journal"] {
  const step = view?.journal?.step;
  if (step === undefined) return "clear";
  return step === "in_doubt" ? "in_doubt" : "open";
}

/** What already needs a person is said first; then what stands in the keeper's way, what will need a person, and what the keeper is about to do. */
function nextStep(
  place: CommandPlace,
  action: Action | null,
  trouble: KeepTrouble | null,
  soon: Action | null,
): Action | null {
  const isOurs = action === null || action.by === "pilotlight" || action.code === soon?.code;
  if (!isOurs) return action;
  if (trouble === null) return soon ?? action;
  const { what, fix, command, mover } = traitsOf(trouble.code);
  const message = `${capitalised(what)}: ${trouble.detail}. ${capitalised(fix)}`;
  return { code: trouble.code, message, command: commandFor(command, place), by: mover };
}
