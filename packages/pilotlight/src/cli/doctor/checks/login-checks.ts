import { isLivingProcess } from "../../../claude/locking/living-process.ts";
import { proofText } from "../../../core/check-state.ts";
import { printDuration } from "../../../core/duration.ts";
import type { ErrorCode } from "../../../core/errors.ts";
import type { LoginStatus } from "../../../core/login-status.ts";
import type { JournalRecord } from "../../../core/ports.ts";
import { corruptRecords } from "../../../stores/state/corrupt-records.ts";
import { loginCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import type { LoginWorld } from "../world.ts";

const DAY = 86_400_000;

/** How a login stands with the server, as far as anybody here knows. */
export const loginChecks = [
  loginCheck({
    id: "login-state",
    title: "the login works, or can be renewed without a person",
    fm: ["FM-01", "FM-02", "FM-04"],
    gather: async ({ status, stateTrouble, machine, login }: LoginWorld) => ({
      status,
      trouble: stateTrouble && { code: stateTrouble.code, text: stateTrouble.message },
      lost: await corruptRecords(machine.config.stateDir, login.name),
      now: machine.now,
    }),
    judge: ({ lost, ...facts }) => [...loginState(facts), ...lost.map(lostRecord)],
  }),
  loginCheck({
    id: "login-end",
    title: "the login itself does not end soon",
    fm: ["FM-03"],
    gather: ({ status, machine }: LoginWorld) => ({ status, now: machine.now }),
    judge: loginEnd,
  }),
  loginCheck({
    id: "refresh-journal",
    title: "no refresh was left unfinished",
    fm: ["FM-12", "FM-13"],
    gather: ({ journal, status }: LoginWorld) => ({
      journal,
      isUsable: status.usable,
      isRunning:
        journal?.process != null &&
        isLivingProcess(journal.process.pid, journal.process.startedAt || null),
    }),
    judge: refreshJournal,
  }),
];

function loginState(facts: {
  readonly status: LoginStatus;
  readonly trouble: { readonly code: ErrorCode; readonly text: string } | null;
  readonly now: number;
}): readonly Finding[] {
  const { status, trouble, now } = facts;
  if (trouble !== null) return [failure(trouble.code, trouble.text)];
  const { phase, refreshable } = status;
  const renew = { command: "pilotlight refresh" };
  switch (phase) {
    case "absent":
    case "unreadable":
    case "blanked":
    case "static":
      return [skipped(`the store is ${phase}; see store-readable and store-shape`)];
    case "ended":
      return [failure("login_ended", endedText(status, now))];
    case "rejected": {
      const what = `the server rejected the access token${whenOf(status, now)}, before its date`;
      return [refreshable ? warning(what, "refresh it", renew) : failure("auth_rejected", what)];
    }
    case "expired": {
      const what = "the access token has ended";
      return [
        refreshable
          ? warning(what, "the next pilotlight run or refresh renews it", renew)
          : failure("not_refreshable", what),
      ];
    }
    case "fresh":
    case "due":
      return [ok(`${phase}, ${proofText(status, now)}`)];
  }
}

/** A job goes on without it, and nobody would know what was forgotten. */
function lostRecord(path: string): Finding {
  const what = `${path} cannot be understood: what the server said of this login and which refresh tokens were used before is forgotten`;
  const fix =
    "the next refresh begins a new record and sets this one aside; in journal/archive, it can be removed once somebody has looked at it";
  return warning(what, fix, { fm: ["FM-32"] });
}

/** A login that ends by the server's word long before its date was revoked, or its token was used elsewhere. */
function endedText(status: LoginStatus, now: number): string {
  const said = `the server rejected the refresh token${whenOf(status, now)}`;
  const left = status.loginEndsAt === null ? null : Date.parse(status.loginEndsAt) - now;
  if (left === null || left < DAY) return said;
  return `${said}, ${printDuration(left)} before the login's own end: it was revoked, or another copy of it was used`;
}

function whenOf({ proof }: LoginStatus, now: number): string {
  return proof.at === null ? "" : ` ${printDuration(now - Date.parse(proof.at))} ago`;
}

function loginEnd({ status, now }: { status: LoginStatus; now: number }): readonly Finding[] {
  if (status.accessToken === null) return [skipped("there is no login to look at")];
  if (status.loginEndsAt === null) {
    const what =
      "the store does not say when this login ends; about 30 days after sign-in is usual";
    return [note(what)];
  }
  const left = Date.parse(status.loginEndsAt) - now;
  const span = printDuration(left);
  const what = left > 0 ? `it ends in ${span}` : `it was to end ${span} ago`;
  if (left > 7 * DAY) return [ok(what)];
  const fix = "only a new sign-in renews it";
  return [warning(what, fix, { command: "pilotlight login" })];
}

function refreshJournal(facts: {
  readonly journal: JournalRecord | null;
  readonly isUsable: boolean;
  readonly isRunning: boolean;
}): readonly Finding[] {
  const { journal, isUsable, isRunning } = facts;
  if (journal === null) return [ok("the journal is empty")];
  const since = new Date(journal.at).toISOString();
  if (journal.step === "in_doubt") {
    const what = `the refresh of ${since} was sent and its answer never seen`;
    const code = journal.code ?? "in_doubt";
    const fix = "what it brought since can be stored; else a sign-in settles it";
    const more = { command: "pilotlight login", repair: "finish-refresh" } as const;
    return [isUsable ? warning(what, fix, more) : failure(code, what, { fix, ...more })];
  }
  if (isRunning) return [note(`a refresh since ${since} is still in flight`, "wait for it")];
  const what = `the refresh of ${since} did not finish`;
  const fix = "what it brought, if anything, can be stored now without another request";
  return [warning(what, fix, { command: "pilotlight doctor --fix", repair: "finish-refresh" })];
}
