import { type ErrorCode, traitsOf } from "./errors.ts";
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
      | "credential_not_a_file"
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

/** The one command, which can be typed as it stands, or the edit after which something else is used. */
export interface Change {
  readonly kind: "command" | "edit";
  readonly text: string;
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
    readonly change: Change;
  };
  readonly shadowed: readonly {
    readonly source: Source;
    readonly where: string;
    readonly why: string;
  }[];
  readonly warnings: readonly Warning[];
}

/** A warning with which a job fails, or does what nobody meant, and what such a failure is called. */
export interface Broken extends Pick<Warning, "message" | "fix"> {
  readonly code: ErrorCode;
}

const BROKEN: Readonly<Partial<Record<WarningCode, ErrorCode>>> = {
  config_invalid: "config_invalid",
  wrong_credential: "wrong_credential",
  scope_missing: "scope_missing",
  credential_corrupt: "credential_corrupt",
  credential_not_a_file: "credential_not_a_file",
  force_login: "config_invalid",
};

/** What keeps a job from its work before any server is asked. */
export function brokenIn({ winner, warnings }: Explanation): readonly Broken[] {
  // A source that is used and sends nothing; a cloud has credentials of its own.
  const isMute = winner.headers.length === 0 && winner.billing !== "cloud";
  return warnings.flatMap(({ code, message, fix }) => {
    const failure = isMute && code === "profile_unusable" ? code : BROKEN[code];
    return failure === undefined ? [] : [{ code: failure, message, fix }];
  });
}

/** The exit status of an explanation: 0 with a winner, 66 without, 65 or 78 for what is broken. */
export function exitOfExplanation(explanation: Explanation): number {
  const { winner } = explanation;
  const [broken] = brokenIn(explanation);
  if (broken !== undefined) return traitsOf(broken.code).exit;
  const isNothing = winner.source === "none" && winner.headers.length === 0;
  return isNothing ? traitsOf("no_credential").exit : 0;
}
