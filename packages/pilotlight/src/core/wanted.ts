import type { Credential } from "./credential.ts";
import type { Phase } from "./phase.ts";

export interface RefreshOptions {
  /** Refresh even a fresh token, and count the present one as rejected. */
  readonly force: boolean;
  /** Refresh when less than this is left, in ms. */
  readonly minTtl: number;
  /** Gives up the wait for the lock; a grant that has begun is never given up. */
  readonly signal?: AbortSignal;
}

/** Tells whether a refresh is called for. */
export function isRefreshWanted(
  phase: Phase,
  credential: Credential,
  now: number,
  options: RefreshOptions,
): boolean {
  if (options.force || phase !== "fresh") return true;
  return credential.expiresAt !== null && credential.expiresAt - now < options.minTtl;
}
