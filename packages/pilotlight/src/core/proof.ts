import type { Credential } from "./credential.ts";
import type { ErrorCode } from "./errors.ts";
import { isoOf } from "./iso-time.ts";
import type { Verdict } from "./verdict.ts";

/** What the server is known to have said of the access token: a date in a file proves nothing. */
export interface Proof {
  readonly state: "proved" | "refuted" | "unproved";
  readonly at: string | null;
  readonly by: string | null;
  readonly code: ErrorCode | null;
}

const UNPROVED: Proof = { state: "unproved", at: null, by: null, code: null };

/** What is known of the server's word on a credential. */
export function proofOf(credential: Credential | null, verdict: Verdict | null): Proof {
  if (credential === null || verdict === null) return UNPROVED;
  const at = isoOf(verdict.at);
  const access = credential.accessToken?.fingerprint;
  switch (verdict.kind) {
    case "proved":
      return verdict.access === access
        ? { state: "proved", at, by: verdict.by, code: null }
        : UNPROVED;
    case "rejected":
      return verdict.access === access
        ? { state: "refuted", at, by: verdict.by, code: null }
        : UNPROVED;
    case "ended":
      return verdict.refresh === credential.refreshToken?.fingerprint
        ? { state: "refuted", at, by: "refresh", code: verdict.code }
        : UNPROVED;
  }
}
