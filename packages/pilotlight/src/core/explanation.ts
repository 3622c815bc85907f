import type { ErrorCode } from "./errors.ts";
import type { Source } from "./login-status.ts";

/** Who is billed for what a credential is used for. */
export type Billing = "subscription" | "api" | "cloud" | "none";

/** A header of a request that says who is asking. */
export type AuthenticationHeader = "authorization" | "x-api-key";

/** What an explanation warns of: an error code where Pilotlight has one, or what only explaining knows. */
export type WarningCode =
  | Extract<
      ErrorCode,
      | "config_invalid"
      | "credential_corrupt"
      | "credential_shadowed"
      | "no_credential"
      | "scope_missing"
      | "wrong_credential"
    >
  | "bare_reads_no_login"
  | "builds_differ"
  | "custom_headers"
  | "force_login"
  | "gateway"
  | "helper_runs"
  | "ignored_here"
  | "key_needs_approval"
  | "profile_unusable"
  | "setup_token_limits"
  | "settings_over_environment"
  | "two_credentials";

export interface Warning {
  readonly code: WarningCode;
  /** What will happen, as a sentence without its full stop; names places and never a value. */
  readonly message: string;
  /** The one command or edit that changes it. */
  readonly fix: string;
}

/** `pilotlight.explain/v1`: which credential Claude Code uses here, and why no other. */
export interface Explanation {
  readonly schema: "pilotlight.explain/v1";
  readonly winner: {
    readonly source: Source;
    /** File and key, or variable; never a value. */
    readonly where: string;
    /** Every authentication header that is sent, also when two sources combine. */
    readonly headers: readonly AuthenticationHeader[];
    readonly billing: Billing;
  };
  readonly shadowed: readonly {
    readonly source: Source;
    readonly where: string;
    readonly why: string;
  }[];
  readonly warnings: readonly Warning[];
}

/** The warnings with which a job fails, or does what nobody meant. */
const EXITS: Readonly<Partial<Record<WarningCode, 65 | 78>>> = {
  config_invalid: 78,
  wrong_credential: 78,
  scope_missing: 78,
  credential_corrupt: 65,
  force_login: 78,
};

/** The exit status of an explanation: 0 with a winner, 66 without, 65 or 78 for what is broken. */
export function exitOfExplanation({ winner, warnings }: Explanation): 0 | 65 | 66 | 78 {
  const [broken] = warnings.flatMap(({ code }) => EXITS[code] ?? []);
  return broken ?? (winner.source === "none" && winner.headers.length === 0 ? 66 : 0);
}
