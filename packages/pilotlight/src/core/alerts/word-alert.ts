import { printDuration } from "../duration.ts";
import { type Mover, traitsOf } from "../errors.ts";
import type { LoginHealth } from "../health.ts";
import { type CommandPlace, commandFor } from "../login-command.ts";
import { discreet } from "../discreet.ts";
import { capitalised } from "../sentence.ts";
import { cut } from "./cut.ts";
import type { Alert, AlertCode, AlertPolicy, Payer } from "./alert.ts";
import { isMendedBySignIn, type Problem } from "./problem.ts";

/** Characters; the rest of a longer text is cut off. */
const LONGEST = { subject: 120, message: 2_000, command: 1_000 } as const;

/** What is said. */
interface AlertText {
  readonly code: AlertCode;
  /** What it is, for a title that begins with login and host. */
  readonly subject: string;
  readonly message: string;
  readonly by: Mover;
  readonly command: string | null;
}

/** What the decision adds to the words. */
type Decided = Pick<Alert, "kind" | "severity" | "topic" | "opens" | "after" | "at" | "since"> &
  Partial<Pick<Alert, "closes" | "step">>;

/** Puts an alert together. Neither a token nor an e-mail address is in it. */
export function wordAlert(
  health: LoginHealth,
  { host, renewUrl }: AlertPolicy,
  { subject, message, command, code, by, ...decided }: AlertText & Decided,
): Alert {
  const isSignIn = decided.kind !== "recovered" && isMendedBySignIn(command);
  return {
    closes: [],
    step: null,
    isTest: false,
    ...decided,
    code,
    by,
    login: health.name,
    host,
    health: health.health,
    title: `${health.name} on ${host}: ${cut(discreet(subject), LONGEST.subject)}`,
    message: cut(discreet(message), LONGEST.message),
    // Made of our own table and the configuration: what is to be typed must not be changed.
    command: command === null ? null : cut(command, LONGEST.command),
    renewUrl: isSignIn ? renewUrl : null,
    loginEndsAt: health.loginEndsAt === null ? null : Date.parse(health.loginEndsAt),
  };
}

export function problemText({ code, by, usable, message, command }: Problem): AlertText {
  return {
    code,
    subject: usable ? `${wordOf(code)} (jobs still run)` : wordOf(code),
    message: capitalised(message),
    by,
    command,
  };
}

/** @param ms since it was first told */
export function escalationText(problem: Problem, ms: number): AlertText {
  const { subject, message, ...rest } = problemText(problem);
  const span = printDuration(ms);
  return {
    ...rest,
    subject: `still ${subject}`,
    message: `Told ${span} ago, and nothing has changed. ${message}`,
  };
}

/** @param ms from the begin of the trouble */
export function recoveryText(health: LoginHealth, after: AlertCode, ms: number): AlertText {
  const span = printDuration(ms);
  return {
    code: after,
    subject: "well again",
    message: `Jobs can use it again, after ${span} (${after}). ${lifeOf(health)}`,
    by: "nobody",
    command: null,
  };
}

export function renewalText(health: LoginHealth): AlertText {
  return {
    code: "login_ends_soon",
    subject: "renewed",
    message: `Somebody has signed in. ${lifeOf(health)}`,
    by: "nobody",
    command: null,
  };
}

export function ladderText(endsAt: number, now: number, place: CommandPlace): AlertText {
  const span = printDuration(endsAt - now);
  const isOver = endsAt <= now;
  const date = new Date(endsAt).toISOString().slice(0, 16).replace("T", " ");
  return {
    code: "login_ends_soon",
    subject: isOver ? "the login’s date has passed" : `the login ends in ${span}`,
    message: isOver
      ? `This login was to end at ${date} UTC. It is used for as long as the server takes it; only a new sign-in renews it.`
      : `This login ends at ${date} UTC, and only a new sign-in renews it. Until then jobs run as before.`,
    by: "person",
    command: commandFor(traitsOf("login_ended").command, place),
  };
}

const PAYERS: Readonly<Record<Payer, string>> = {
  subscription: "the subscription",
  api: "an API key",
  cloud: "a cloud provider",
};

/** @param isBack the usual one pays again */
export function payerText(before: Payer, now: Payer, isBack: boolean): AlertText {
  const [old, next] = [PAYERS[before], PAYERS[now]];
  return {
    code: "payer_changed",
    subject: isBack ? `${next} pays again` : `jobs are billed to ${next}`,
    message: isBack
      ? `What Claude Code does here is billed to ${next} again, as usual, after ${old}.`
      : `What Claude Code does here was billed to ${old}, and now is to ${next}. See which credential wins, and why; remove it if nobody meant it.`,
    by: isBack ? "nobody" : "person",
    command: isBack ? null : "pilotlight explain",
  };
}

function lifeOf({ expiresAt, loginEndsAt }: LoginHealth): string {
  const token = expiresAt === null ? "" : `The access token ends at ${clockOf(expiresAt)}`;
  const login = loginEndsAt === null ? "" : `the login at ${clockOf(loginEndsAt)}`;
  const both = [token, login].filter((part) => part !== "").join(", ");
  return both === "" ? "" : `${capitalised(both)}.`;
}

function clockOf(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}

/** What happened, in the words of the error table. */
function wordOf(code: AlertCode): string {
  switch (code) {
    case "refresh_due":
    case "expires_at_in_seconds":
      return "the access token has ended";
    case "login_ends_soon":
      return "the login ends soon";
    case "payer_changed":
      return "somebody else pays";
    default:
      return traitsOf(code).what;
  }
}
