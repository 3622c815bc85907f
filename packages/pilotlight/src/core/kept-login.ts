import type { ErrorCode } from "./errors.ts";
import type { LoginView } from "./login-status.ts";

/** Why the last attempts to renew a kept login brought nothing. */
export interface KeepTrouble {
  readonly code: ErrorCode;
  readonly detail: string;
  /** Epoch ms of the first failure in a row. */
  readonly since: number;
  /** How many failed in a row. */
  readonly failures: number;
}

/** What a keeper does with a login just now; `standby` while another keeper has it. */
export type Activity = "idle" | "refreshing" | "standby";

/** What a keeper knows of one login, in memory. Times are epoch ms. */
export interface KeptLogin {
  readonly name: string;
  /** As it was at the last look; `null` before the first. */
  readonly view: LoginView | null;
  readonly lookedAt: number | null;
  readonly activity: Activity;
  /** `null` once an attempt succeeded, or somebody else renewed the login. */
  readonly trouble: KeepTrouble | null;
  /** The last generation that came, by whomever, while this keeper lived. */
  readonly renewedAt: number | null;
  /** `null` where nothing can be attempted before somebody changes the store. */
  readonly nextAttemptAt: number | null;
}
