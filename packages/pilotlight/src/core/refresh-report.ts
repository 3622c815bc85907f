import { type Credential, pairOf } from "./credential.ts";
import type { ErrorCode } from "./errors.ts";
import { isoOf } from "./iso-time.ts";
import type { Outcome } from "./outcome.ts";
import type { Driver } from "./ports.ts";

/** `pilotlight.refresh/v1`. Fingerprints are those of the access token: it changes with every refresh, also where refresh tokens do not rotate. */
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

/** What a refresh came to, for its report. */
export type RefreshResult = Omit<RefreshReport, "schema" | "login" | "driver" | "durationMs">;

export function refreshResult(outcome: Outcome): RefreshResult {
  const credential = "credential" in outcome ? outcome.credential : null;
  return {
    outcome: outcome.kind,
    reason: "code" in outcome ? outcome.code : "reason" in outcome ? outcome.reason : null,
    fromFingerprint: "from" in outcome ? outcome.from.access : accessOf(credential),
    toFingerprint: accessOf(credential),
    expiresAt: isoOf(credential?.expiresAt ?? null),
  };
}

/** The same for a refresh that ended with an error instead of an outcome. */
export function failedRefresh(reason: ErrorCode): RefreshResult {
  const nothing = { fromFingerprint: null, toFingerprint: null, expiresAt: null };
  return { outcome: "failed", reason, ...nothing };
}

/** Why an outcome is none that was wished for; `null` for one that is. */
export function failureIn(
  outcome: Outcome,
): { readonly code: ErrorCode; readonly detail: string } | null {
  if ("code" in outcome) return outcome;
  const isSignedOut = outcome.kind === "unchanged" && outcome.reason === "logged_out";
  return isSignedOut ? { code: "no_credential", detail: "it was signed out meanwhile" } : null;
}

function accessOf(credential: Credential | null): string | null {
  return credential === null ? null : pairOf(credential).access;
}
