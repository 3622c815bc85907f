import { type Credential, pairOf } from "../../core/credential.ts";
import { type ErrorCode, PilotlightError } from "../../core/errors.ts";
import { isoOf } from "../../core/iso-time.ts";
import type { Outcome } from "../../core/outcome.ts";
import type { Driver } from "../../core/ports.ts";
import type { KeepView } from "../keep-view.ts";
import { failureOf, problemResponse } from "../problem.ts";
import { jsonAnswer } from "./json-answer.ts";

/** `pilotlight.refresh/v1`, as the command prints it. Fingerprints are those of the access token. */
export interface RefreshReport {
  readonly schema: "pilotlight.refresh/v1";
  readonly login: string;
  readonly outcome: Outcome["kind"] | "failed";
  /** The error code, or why nothing was due. */
  readonly reason: ErrorCode | "fresh" | "logged_out" | null;
  /** `null` while nobody has looked at the login yet. */
  readonly driver: Driver | null;
  readonly fromFingerprint: string | null;
  readonly toFingerprint: string | null;
  /** ISO 8601. */
  readonly expiresAt: string | null;
  readonly durationMs: number;
}

type Fields = Omit<RefreshReport, "schema" | "login" | "driver" | "durationMs">;

/** Renews one login and answers with what came of it: a problem, with the same members, where it failed. */
export async function refreshAnswer(
  view: KeepView,
  login: string,
  wish: { readonly force: boolean },
): Promise<Response> {
  const started = performance.now();
  const driver = view.logins().find(({ name }) => name === login)?.view?.driver ?? null;
  const reportOf = (fields: Fields): RefreshReport => {
    const durationMs = Math.round(performance.now() - started);
    return { schema: "pilotlight.refresh/v1", login, ...fields, driver, durationMs };
  };
  try {
    const outcome = await view.refresh(login, wish);
    const report = reportOf(fieldsOf(outcome));
    const failure = failureIn(outcome);
    if (failure === null) return jsonAnswer(report);
    return problemResponse(failureOf(failure.code, failure.detail), {}, report);
  } catch (error) {
    // A bug is told to the log, and its words to nobody else.
    if (!(error instanceof PilotlightError) || error.code === "bug") throw error;
    const nothing = { fromFingerprint: null, toFingerprint: null, expiresAt: null };
    const report = reportOf({ outcome: "failed", reason: error.code, ...nothing });
    return problemResponse(failureOf(error.code, error.message), {}, report);
  }
}

function failureIn(outcome: Outcome): { readonly code: ErrorCode; readonly detail: string } | null {
  if ("code" in outcome) return outcome;
  const isSignedOut = outcome.kind === "unchanged" && outcome.reason === "logged_out";
  return isSignedOut ? { code: "no_credential", detail: "it was signed out meanwhile" } : null;
}

function fieldsOf(outcome: Outcome): Fields {
  const credential = "credential" in outcome ? outcome.credential : null;
  return {
    outcome: outcome.kind,
    reason: "code" in outcome ? outcome.code : "reason" in outcome ? outcome.reason : null,
    fromFingerprint: "from" in outcome ? outcome.from.access : accessOf(credential),
    toFingerprint: accessOf(credential),
    expiresAt: isoOf(credential?.expiresAt ?? null),
  };
}

function accessOf(credential: Credential | null): string | null {
  return credential === null ? null : pairOf(credential).access;
}
