import type { Credential } from "../core/credential.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { LoginView } from "../core/login-status.ts";
import type { Driver } from "../core/ports.ts";
import type { KeeperParts } from "./parts.ts";

/** That one keeper at a time keeps a login; the others stand by. It guards no token: the locks do that. */
export interface Lease {
  /** Takes it, or makes sure that it is still ours. @returns false while somebody else has it */
  take(): Promise<boolean>;
  release(): void;
}

/** What a keeper of many logins works with for each of them. */
export interface KeptParts extends KeeperParts {
  readonly name: string;
  /** Reads what is known of the login: no write, no network, no process. @throws PilotlightError `state_newer`, `state_unreadable` */
  look(): Promise<LoginView>;
  readonly lease: Lease;
  /** Calls back when somebody may have changed the login. A hint: changes can be missed. @returns what ends that */
  watch(changed: () => void): () => void;
}

/** Something that is done every now and then beside the logins; its failure is its own to tell. */
export interface Chore {
  /** ms; the first time is at once. */
  readonly every: number;
  run(): Promise<void>;
}

/** What a keeper tells of its logins. Never carries a secret. */
export type KeepEvent =
  /** The first look. */
  | { readonly kind: "met"; readonly login: string }
  /** Another generation came into the store, by this keeper or by others. */
  | {
      readonly kind: "renewed";
      readonly login: string;
      readonly by: "keeper" | "others";
      readonly credential: Credential;
      /** Somebody signed in: the login itself ends later than before. */
      readonly isNewLogin: boolean;
    }
  /** An attempt brought nothing; `pause` is in ms. */
  | {
      readonly kind: "failed";
      readonly login: string;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly failures: number;
      readonly pause: number | null;
    }
  /** Every attempt, however it went; `ms` from its begin, waiting for locks included. */
  | {
      readonly kind: "attempted";
      readonly login: string;
      readonly driver: Driver;
      readonly code: "refreshed" | "adopted" | "unchanged" | ErrorCode;
      readonly ms: number;
    }
  | { readonly kind: "recovered"; readonly login: string; readonly after: ErrorCode }
  | { readonly kind: "standby" | "took_over"; readonly login: string }
  /** Wall clock and monotonic clock went apart by `ms`: a suspend, or the clock was set. */
  | { readonly kind: "clock_jumped"; readonly ms: number };
