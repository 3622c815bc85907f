import { printDuration } from "./duration.ts";
import type { ErrorCode } from "./errors.ts";
import type { Broken } from "./explanation.ts";
import type { Action, LoginStatus } from "./login-status.ts";

/** The states of a monitoring plugin; their exit codes are 0 to 3 in this order. */
export const CHECK_STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"] as const;
export type CheckState = (typeof CHECK_STATES)[number];

/** From when on something is worth a warning, or critical; all in ms that are left. */
export interface CheckLimits {
  /** The access token's, where nothing here can renew it. */
  readonly warnToken: number;
  readonly critToken: number;
  readonly warnLogin: number;
  readonly critLogin: number;
  /** Jobs start through `pilotlight run`, which renews: an expired token that can be renewed is no trouble. */
  readonly onDemand: boolean;
}

const HOUR = 3_600_000;

/** What `check` warns of unless told otherwise. A daily check, too, gives a person 72 hours. */
export const USUAL_LIMITS: CheckLimits = {
  warnToken: HOUR,
  critToken: HOUR / 4,
  warnLogin: 4 * 24 * HOUR,
  critLogin: 24 * HOUR,
  onDemand: false,
};

/** What a check knows of one login. */
export interface CheckFacts {
  readonly status: LoginStatus;
  /** What would be used instead of the stored login, and where it stands; `null` when the login is used. */
  readonly shadowedBy: string | null;
  /** What a person types to sign in to this login. */
  readonly signIn: string | null;
  /** The store takes no write here, or none that anybody would see. */
  readonly isReadOnly: boolean;
  /** What looks odd in a token of the environment that would be used, and may be right; names the place. */
  readonly oddity: string | null;
  /** What a job here fails with, or does what nobody meant, whatever the stored login is worth. */
  readonly broken: readonly Broken[];
}

/** One thing that a check has to say. */
export interface Remark {
  readonly state: CheckState;
  readonly code: Action["code"] | null;
  readonly text: string;
  readonly command: string | null;
}

/** What a check says of one login. */
export interface CheckedLogin extends Remark {
  readonly name: string;
  /** Everything there is to say, the worst first; empty where all is well. */
  readonly remarks: readonly Remark[];
  /** Seconds; `null` where nobody knows. */
  readonly expiresIn: number | null;
  /** Days, with their fraction. */
  readonly loginEndsIn: number | null;
  /** True where the access token's limits count, because nothing here can renew it. */
  readonly isTokenLimited: boolean;
}

const DAY = 86_400_000;
const RANK: readonly CheckState[] = ["OK", "UNKNOWN", "WARNING", "CRITICAL"];

/** The worst of several states; UNKNOWN is worse than OK only. */
export function worstState(states: readonly CheckState[]): CheckState {
  return RANK[Math.max(0, ...states.map((state) => RANK.indexOf(state)))] ?? "UNKNOWN";
}

/** Judges one login at `now` (epoch ms). Never OK for what is not known, and "unproved" is said where nothing proved it. */
export function checkState(facts: CheckFacts, limits: CheckLimits, now: number): CheckedLogin {
  const { status } = facts;
  const remarks = [
    ...credentialRemarks(facts, limits),
    ...loginEndRemarks(facts, limits, now),
    ...sideRemarks(facts),
  ];
  const state = worstState(remarks.map((remark) => remark.state));
  const [worst] = remarks.filter((remark) => remark.state === state);
  const sorted = [...(worst ? [worst] : []), ...remarks.filter((remark) => remark !== worst)];
  const end = status.loginEndsAt === null ? null : (Date.parse(status.loginEndsAt) - now) / DAY;
  return {
    name: status.name,
    state,
    code: worst?.code ?? null,
    command: worst?.command ?? null,
    text: sorted.map(({ text }) => text).join("; ") || goodText(status, now),
    remarks: sorted,
    expiresIn: status.accessToken?.expiresInSeconds ?? null,
    loginEndsIn: end === null ? null : Math.floor(end * 100) / 100,
    isTokenLimited: isTokenLimited(facts),
  };
}

function credentialRemarks(facts: CheckFacts, limits: CheckLimits): readonly Remark[] {
  const { status } = facts;
  const { phase, usable, refreshable, action } = status;
  if (status.source === "claude-keychain" && phase === "absent") {
    return [remark("UNKNOWN", "unsupported", "the macOS Keychain is not read by Pilotlight")];
  }
  if (!usable && !refreshable) {
    // A monitor that may not read the file has learnt nothing about the login.
    const isHidden = action?.code === "credential_unreadable";
    return [fromAction(isHidden ? "UNKNOWN" : "CRITICAL", action)];
  }
  if (phase === "static") return [];
  if (status.inDoubt) return [fromAction("WARNING", action)];
  if (!usable) {
    return limits.onDemand && phase === "expired" ? [] : [fromAction("WARNING", action)];
  }
  if (!isTokenLimited(facts)) return [];
  const isSpent = action?.code === "refresh_token_spent";
  return [...(isSpent ? [fromAction("WARNING", action)] : []), ...tokenEndRemarks(facts, limits)];
}

/** A key or setup-token has no end that anybody could tell. */
function isTokenLimited({ status }: CheckFacts): boolean {
  return status.phase !== "static" && !status.refreshable;
}

function tokenEndRemarks({ status, isReadOnly }: CheckFacts, limits: CheckLimits): Remark[] {
  const seconds = status.accessToken?.expiresInSeconds ?? null;
  if (seconds === null) return [];
  const state = stateBy(seconds * 1000, limits.warnToken, limits.critToken);
  if (state === "OK") return [];
  const why = isReadOnly
    ? "its store is mounted read-only, or was replaced where it is mounted from"
    : "it has no usable refresh token";
  const text = `the access token ends in ${printDuration(seconds * 1000)}, and nothing here can renew it: ${why}`;
  return [remark(state, isReadOnly ? "store_read_only" : "not_refreshable", text)];
}

function loginEndRemarks(facts: CheckFacts, limits: CheckLimits, now: number): Remark[] {
  const { status, signIn } = facts;
  // Once it is over, its date is no news.
  if (status.loginEndsAt === null || (!status.usable && !status.refreshable)) return [];
  const left = Date.parse(status.loginEndsAt) - now;
  const state = stateBy(left, limits.warnLogin, limits.critLogin);
  if (state === "OK") return [];
  const when =
    left > 0 ? `ends in ${printDuration(left)}` : `was to end ${printDuration(left)} ago`;
  const text = `this login ${when}, and only a new sign-in renews it`;
  return [{ state, code: "login_ends_soon", text, command: signIn }];
}

function sideRemarks({ shadowedBy, oddity, broken }: CheckFacts): Remark[] {
  const remarks = broken.map(({ code, message, fix }) =>
    remark("CRITICAL", code, `${message} (${fix})`),
  );
  if (oddity !== null) remarks.push(remark("WARNING", "wrong_credential", oddity));
  if (shadowedBy !== null) {
    const text = `${shadowedBy} would be used instead of the stored login`;
    remarks.push(remark("WARNING", "credential_shadowed", text));
  }
  return remarks;
}

function stateBy(left: number, warn: number, critical: number): CheckState {
  if (left < critical) return "CRITICAL";
  return left < warn ? "WARNING" : "OK";
}

function goodText(status: LoginStatus, now: number): string {
  const parts = [status.phase === "static" ? `${status.source} is set` : status.phase];
  const { accessToken, loginEndsAt } = status;
  if (accessToken?.kind === "setup-token" && loginEndsAt === null) {
    parts.push("end unknown: it was not minted here");
  } else if (status.phase !== "static" && typeof accessToken?.expiresInSeconds === "number") {
    const seconds = accessToken.expiresInSeconds;
    const span = printDuration(seconds * 1000);
    parts.push(seconds > 0 ? `access token ends in ${span}` : `renewed at the next start`);
  }
  if (loginEndsAt !== null) {
    parts.push(`login ends in ${printDuration(Date.parse(loginEndsAt) - now)}`);
  }
  parts.push(proofText(status, now));
  return parts.join(", ");
}

/** Whether, when and by whom the access token was proved. */
export function proofText({ proof }: LoginStatus, now: number): string {
  return proof.state === "proved" && proof.at !== null
    ? `proved by ${proof.by ?? "?"} ${printDuration(now - Date.parse(proof.at))} ago`
    : "unproved: nothing here has seen the server accept it";
}

function remark(state: CheckState, code: ErrorCode, text: string): Remark {
  return { state, code, text, command: null };
}

function fromAction(state: CheckState, action: Action | null): Remark {
  if (action === null)
    return remark(state, "bug", "this login cannot be used, and nobody says why");
  return { state, code: action.code, text: action.message, command: action.command };
}
