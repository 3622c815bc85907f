import type { Billing } from "./explanation.ts";
import type { LoginStatus, Source } from "./login-status.ts";

/** The credential Claude Code will use, who pays for it, and what it puts in the shade. */
export interface Effective {
  readonly source: Source;
  readonly billing: Billing;
  readonly shadowed: readonly Source[];
}

/** `pilotlight.status/v1`. */
export interface StatusReport {
  readonly schema: "pilotlight.status/v1";
  readonly generatedAt: string;
  readonly effective: Effective;
  readonly logins: readonly LoginStatus[];
}
