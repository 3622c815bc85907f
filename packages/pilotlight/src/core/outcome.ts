import type { Credential, Pair } from "./credential.ts";
import { type ErrorCode, TRAITS } from "./errors.ts";

/** What a refresh came to. */
export type Outcome =
  /** The server issued a new generation and it is stored. */
  | { readonly kind: "refreshed"; readonly from: Pair; readonly credential: Credential }
  /** Nothing was due, or nothing is there any more to refresh. */
  | {
      readonly kind: "unchanged";
      readonly reason: "fresh" | "logged_out";
      readonly credential: Credential | null;
    }
  /** A newer generation was found, by another process or an earlier run, and is in the store. */
  | { readonly kind: "adopted"; readonly from: Pair; readonly credential: Credential }
  /** Not now; the login is untouched. `until` is epoch ms, `null` where nobody said. */
  | {
      readonly kind: "deferred";
      readonly code: ErrorCode;
      readonly detail: string;
      readonly until: number | null;
    }
  /** A grant was sent and its answer never seen. */
  | {
      readonly kind: "in_doubt";
      readonly code: ErrorCode;
      readonly detail: string;
      readonly since: number;
    }
  /** A person must act. */
  | { readonly kind: "dead"; readonly code: ErrorCode; readonly detail: string };

/** The exit status of an outcome (sysexits.h). */
export function exitOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "refreshed":
    case "adopted":
      return 0;
    case "unchanged":
      return outcome.reason === "logged_out" ? TRAITS.no_credential.exit : 0;
    case "deferred":
    case "in_doubt":
    case "dead":
      return TRAITS[outcome.code].exit;
  }
}
