import type { Health } from "../health.ts";
import type { Billing } from "../explanation.ts";
import type { Action } from "../login-status.ts";
import type { Mover } from "../errors.ts";
import type { QuietHours } from "./quiet-hours.ts";

/** What an alert tells. */
const ALERT_KINDS = [
  /** Trouble began, became another, or now stops jobs. */
  "trouble",
  /** This build of Claude Code failed the rehearsal. */
  "build_refused",
  /** The store holds a refresh token that was used before: a copy or a backup. */
  "copied_login",
  /** A refresh was sent whose answer was never seen. */
  "in_doubt",
  /** A step of the ladder before the login's end. */
  "login_ends",
  /** The server ended the login, or its date has passed. */
  "login_ended",
  /** Nobody has acted on what was told. */
  "escalation",
  /** Another one pays for what Claude Code does. */
  "payer_changed",
  /** What was told is over. */
  "recovered",
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

export type Severity = "info" | "warning" | "critical";

/** What alerts are about; a newer one takes the place of an older one of its topic that has not been delivered. */
const ALERT_TOPICS = ["problem", "login_end", "payer"] as const;

export type AlertTopic = (typeof ALERT_TOPICS)[number];

/** What an alert is about, as a status names it; `payer_changed` where no login is. */
export type AlertCode = Action["code"] | "payer_changed";

/** Who pays, where anybody does. */
export type Payer = Exclude<Billing, "none">;

/** One thing that a person is to hear. Holds no secret. Times are epoch ms. */
export interface Alert {
  readonly kind: AlertKind;
  readonly severity: Severity;
  readonly topic: AlertTopic;
  /** Nothing was told of its topic before. */
  readonly opens: boolean;
  /** The topics that it brings to an end. */
  readonly closes: readonly AlertTopic[];
  readonly login: string;
  readonly host: string;
  readonly health: Health;
  readonly code: AlertCode;
  /** What was told before: what it recovered from, or what it was until now. */
  readonly after: AlertCode | null;
  /** One line. */
  readonly title: string;
  /** What it is, and what to do. */
  readonly message: string;
  readonly at: number;
  readonly since: number;
  /** Whose move it is. */
  readonly by: Mover;
  /** Can be typed as it stands. */
  readonly command: string | null;
  /** Where the login can be renewed in a browser. */
  readonly renewUrl: string | null;
  readonly loginEndsAt: number | null;
  /** ms before the login's end; 0 for the end itself. `null` where it is no step of the ladder. */
  readonly step: number | null;
  /** Nothing is wrong: somebody tries the channels. */
  readonly isTest: boolean;
}

/** How alerts are decided. Times in ms. */
export interface AlertPolicy {
  readonly host: string;
  /** Where a person can sign in, or reads how: the user's own page, or the keeper's. */
  readonly renewUrl: string | null;
  readonly quiet: QuietHours | null;
  /** How long trouble that may pass by itself is not told of while jobs run. */
  readonly grace: number;
  /** How long somebody has to act before it is told louder; `null`: it is told once. */
  readonly escalateAfter: number | null;
  /** A longer time in which nobody looked (a suspend, a restart) does not count as time that trouble lasted. */
  readonly blindAfter: number;
}

/** What one topic of a login comes to: what to tell now, what to remember, and when (epoch ms) to ask again at the latest. */
export interface TopicDecision<M> {
  readonly alert: Alert | null;
  readonly memory: M;
  readonly nextAt: number | null;
}
