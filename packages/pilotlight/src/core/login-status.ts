import {
  type Credential,
  type Entry,
  type Fingerprint,
  mayInfer,
  tokenKindOf,
} from "./credential.ts";
import { printDuration } from "./duration.ts";
import { type ErrorCode, isErrorCode, type Mover, traitsOf } from "./errors.ts";
import { commandFor } from "./login-command.ts";
import { isDate, isoOf } from "./iso-time.ts";
import { type Phase, phaseOf } from "./phase.ts";
import type { Driver, JournalRecord, LoginRecord } from "./ports.ts";
import { type Proof, proofOf } from "./proof.ts";
import { capitalised } from "./sentence.ts";
import { recogniseStore } from "./recognise-store.ts";
import { USUAL_LIFE } from "./schedule.ts";
import type { StoreState } from "./verdict-row.ts";

/** Where a credential comes from; the names that `status` and `explain` use. */
export type Source =
  | "ANTHROPIC_AUTH_TOKEN"
  | "ANTHROPIC_API_KEY"
  | "apiKeyHelper"
  | "CLAUDE_CODE_OAUTH_TOKEN"
  | "profile"
  | "claude-file"
  | "claude-keychain"
  | "cloud:bedrock"
  | "cloud:vertex"
  | "cloud:foundry"
  | "none";

/** The one next step, and whose it is. */
export interface Action {
  readonly code: ErrorCode | "refresh_due" | "login_ends_soon" | "expires_at_in_seconds";
  readonly message: string;
  readonly command: string | null;
  readonly by: Mover;
}

/** One login in `pilotlight.status/v1`. Times are ISO 8601. */
export interface LoginStatus {
  readonly name: string;
  readonly source: Source;
  readonly path: string | null;
  readonly phase: Phase;
  readonly usable: boolean;
  readonly refreshable: boolean;
  readonly driver: Driver;
  readonly action: Action | null;
  readonly accessToken: {
    readonly kind: "oauth" | "setup-token" | "api-key";
    readonly fingerprint: Fingerprint;
    readonly expiresAt: string | null;
    readonly expiresInSeconds: number | null;
  } | null;
  readonly refreshToken: {
    readonly present: boolean;
    readonly fingerprint: Fingerprint | null;
  } | null;
  readonly loginEndsAt: string | null;
  readonly loginEndsInDays: number | null;
  readonly scopes: readonly string[] | null;
  readonly subscriptionType: string | null;
  readonly proof: Proof;
  readonly inDoubt: boolean;
}

/** What a status is made of. */
export interface LoginView {
  readonly name: string;
  /** The directory that the login was given by configuration; `null` for the user's own. */
  readonly configDir: string | null;
  readonly source: Source;
  readonly path: string | null;
  readonly driver: Driver;
  readonly entry: Entry;
  readonly record: LoginRecord;
  readonly journal: Pick<JournalRecord, "step" | "retried" | "code"> | null;
  readonly jitter: number;
  /** False where Pilotlight may not refresh at all (a Keychain login, an environment token). */
  readonly isKept: boolean;
  /** The store lies on a read-only file system here, or was replaced where it is mounted from: it is renewed there. */
  readonly isReadOnly: boolean;
}

const DAY = 86_400_000;
const SOON = 7 * DAY;
/** In ms this would be a day of 1973, so it was written in seconds. */
const EARLIEST_MS = 100_000_000_000;

/** Tells what is known of a login at `now` (epoch ms), and the next step. */
export function loginStatus(view: LoginView, now: number): LoginStatus {
  const { entry, record, journal } = view;
  const credential = entry.state === "present" ? entry.credential : null;
  const life = { length: record.lifeLength ?? USUAL_LIFE, jitter: view.jitter };
  const phase = isHeld(view) ? "static" : phaseOf(entry, record.verdict, now, life);
  const inDoubt = journal?.step === "in_doubt";
  const isLogin = !lacksInference(view, credential);
  const isAlive = phase === "fresh" || phase === "due" || phase === "static";
  const known = {
    phase,
    usable: isAlive && isLogin,
    refreshable: isRefreshable(view, credential, phase) && isLogin,
  };
  return {
    name: view.name,
    source: view.source,
    path: view.path,
    ...known,
    driver: view.driver,
    action: actionFor({ ...known, view, credential, inDoubt }, now),
    accessToken: accessTokenOf(credential, view.source, now),
    refreshToken: credential && {
      present: credential.refreshToken !== null,
      fingerprint: credential.refreshToken?.fingerprint ?? null,
    },
    loginEndsAt: isoOf(credential?.loginEndsAt ?? null),
    loginEndsInDays: daysTo(credential?.loginEndsAt ?? null, now),
    scopes: credential?.scopes ?? null,
    subscriptionType: credential?.subscriptionType ?? null,
    proof: proofOf(credential, record.verdict),
    inDoubt,
  };
}

/** The exit status of a whole report: 0 while every login is usable or refreshable, else the worst one's. */
export function exitOfStatuses(logins: readonly LoginStatus[]): number {
  const bad = logins.filter((login) => !login.usable && !login.refreshable);
  return Math.max(0, ...bad.map((login) => exitOfAction(login.action)));
}

function exitOfAction(action: Action | null): number {
  return traitsOf(action !== null && isErrorCode(action.code) ? action.code : "bug").exit;
}

/** These hold a token that nothing renews: a setup-token or a key. */
function isStatic(source: Source): boolean {
  return source !== "claude-file" && source !== "claude-keychain";
}

/** Outside of any file, a static credential is there by being set; one in an env file has to be found in it. */
function isHeld({ source, path, entry }: LoginView): boolean {
  return isStatic(source) && (path === null || entry.state === "present");
}

/** No login for Claude Code, which would not refresh it either. */
function lacksInference({ source }: LoginView, credential: Credential | null): boolean {
  if (isStatic(source) || credential === null || credential.accessToken === null) return false;
  return !mayInfer(credential);
}

function isRefreshable(view: LoginView, credential: Credential | null, phase: Phase): boolean {
  const { record, journal } = view;
  if (!view.isKept || view.isReadOnly || credential === null) return false;
  // A build that does not tell is asked again and again, with pauses.
  const isOver = journal?.step === "in_doubt" && journal.retried;
  if (isOver && journal.code !== "refresh_unknown") return false;
  const held = phase === "blanked" ? record.generation : credential;
  const refresh = held?.refreshToken?.fingerprint;
  if (refresh === undefined || phase === "ended") return false;
  if (record.verdict?.kind === "ended" && record.verdict.refresh === refresh) return false;
  if (!record.spent.includes(refresh)) return true;
  const last = record.generation?.refreshToken?.fingerprint;
  return last !== undefined && !record.spent.includes(last);
}

interface Known {
  readonly phase: Phase;
  readonly usable: boolean;
  readonly refreshable: boolean;
  readonly view: LoginView;
  readonly credential: Credential | null;
  readonly inDoubt: boolean;
}

function actionFor(known: Known, now: number): Action | null {
  const { phase, view, credential } = known;
  const code = troubleIn(known);
  if (code !== null) return actionOf(code, view);
  if (isInSeconds(credential)) {
    return {
      code: "expires_at_in_seconds",
      message:
        "expiresAt is in seconds instead of milliseconds, so Claude Code takes the token for expired; a refresh mends it",
      command: commandFor("pilotlight refresh", view),
      by: "pilotlight",
    };
  }
  if (phase !== "fresh" && phase !== "static") {
    const message = `the access token is ${phase}; a refresh renews it`;
    const command = commandFor("pilotlight refresh", view);
    return { code: "refresh_due", message, command, by: "pilotlight" };
  }
  return endingSoon(view, now);
}

/** That a person will have to sign in within the week, or should have; `null` while there is time. */
export function endingSoon(view: LoginView, now: number): Action | null {
  const endsAt = view.entry.state === "present" ? view.entry.credential.loginEndsAt : null;
  if (endsAt === null || endsAt - now > SOON) return null;
  const span = printDuration(endsAt - now);
  const when = endsAt > now ? `ends in ${span}` : `was to end ${span} ago`;
  const message = `this login ${when}, and only a new sign-in renews it`;
  const command = commandFor(traitsOf("login_ended").command, view);
  return { code: "login_ends_soon", message, command, by: "person" };
}

function troubleIn(known: Known): ErrorCode | null {
  const { entry } = known.view;
  if (entry.state === "unreadable") return entry.code;
  const trouble = storeTroubleIn(known);
  return trouble === null ? null : recogniseStore(trouble).code;
}

function storeTroubleIn(known: Known): StoreState | null {
  const { phase, view, credential, usable, refreshable, inDoubt } = known;
  if (phase === "absent" || phase === "ended") return phase;
  if (lacksInference(view, credential)) return "scope_missing";
  if (inDoubt) return "in_doubt";
  if (refreshable) return null;
  const refresh = credential?.refreshToken?.fingerprint;
  const isSpent = refresh !== undefined && view.record.spent.includes(refresh);
  // That only a person helps is known before the access token ends.
  if (isSpent && view.isKept && !view.isReadOnly) return "spent";
  if (usable && phase !== "due") return null;
  if (phase === "blanked") return phase;
  if (!view.isKept) return "not_kept";
  return view.isReadOnly ? "read_only" : "not_refreshable";
}

function actionOf(code: ErrorCode, view: LoginView): Action {
  const { what, fix, command, mover } = traitsOf(code);
  const reason = view.entry.state === "unreadable" ? ` (${view.entry.reason})` : "";
  const place = view.path === null ? "" : `${view.path}: `;
  return {
    code,
    message: `${place}${what}${reason}. ${capitalised(fix)}`,
    command: commandFor(command, view),
    by: mover,
  };
}

function accessTokenOf(
  credential: Credential | null,
  source: Source,
  now: number,
): LoginStatus["accessToken"] {
  const token = credential?.accessToken;
  if (!token) return null;
  const { expiresAt } = credential;
  return {
    kind: kindOf(token.secret.reveal(), source),
    fingerprint: token.fingerprint,
    expiresAt: isoOf(expiresAt),
    expiresInSeconds: isDate(expiresAt) ? Math.floor((expiresAt - now) / 1000) : null,
  };
}

/** The prefix tells, wherever the token was found; only where it has none of Anthropic's does the place. */
function kindOf(token: string, source: Source): "oauth" | "setup-token" | "api-key" {
  const isVariable = source === "ANTHROPIC_API_KEY" || source === "ANTHROPIC_AUTH_TOKEN";
  const kind = tokenKindOf(token);
  if (kind === "api-key" || (kind === "unknown" && isVariable)) return "api-key";
  return source === "CLAUDE_CODE_OAUTH_TOKEN" ? "setup-token" : "oauth";
}

function isInSeconds(credential: Credential | null): boolean {
  const expiresAt = credential?.expiresAt ?? null;
  return expiresAt !== null && expiresAt > 1_000_000_000 && expiresAt < EARLIEST_MS;
}

function daysTo(time: number | null, now: number): number | null {
  return isDate(time) ? Math.floor((time - now) / DAY) : null;
}
