import { isBefore } from "../../claude/build/build-rules.ts";

/** A fault that builds of Claude Code are known to have, with the first version that has it no more. */
export interface KnownFault {
  /** First version with the fault; `null` where that is open. */
  readonly since: string | null;
  /** First version without it. */
  readonly until: string;
  readonly fm: string;
  readonly what: string;
}

/** Measured on 14 builds (2026-11): these start a refresh in it and exit before they have stored it. */
export const LOSING_STATUS = { since: "2.1.133", until: "2.1.315" } as const;

/** From the vendor's changelog and measurements (2026-11); what is open on every build is not listed. */
export const KNOWN_FAULTS: readonly KnownFault[] = [
  { since: null, until: "2.1.118", fm: "FM-01", what: "a rejected access token is not refreshed" },
  {
    since: null,
    until: "2.1.118",
    fm: "FM-32",
    what: "a crash while saving can tear the credential file",
  },
  { since: null, until: "2.1.123", fm: "FM-63", what: "a 401 can be retried without end" },
  { since: null, until: "2.1.143", fm: "FM-32", what: "odd scopes in the store can make it hang" },
  { since: null, until: "2.1.153", fm: "FM-48", what: "a gateway can be sent the login" },
  {
    since: null,
    until: "2.1.206",
    fm: "FM-61",
    what: "an expired login is reported as a model error",
  },
  { since: null, until: "2.1.208", fm: "FM-53", what: "a failing apiKeyHelper stays unseen" },
  { since: null, until: "2.1.211", fm: "FM-09", what: "parallel sessions can log each other out" },
  {
    since: null,
    until: "2.1.225",
    fm: "FM-08",
    what: "a passing 401 can replace a setup-token by a stored one",
  },
  { ...LOSING_STATUS, fm: "FM-14", what: "auth status can lose a refresh it started" },
];

/** The known faults of `version`. */
export function faultsOf(version: string): readonly KnownFault[] {
  return KNOWN_FAULTS.filter(
    ({ since, until }) => isBefore(version, until) && (since === null || !isBefore(version, since)),
  );
}
