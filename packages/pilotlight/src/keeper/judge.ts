import type { Credential } from "../core/credential.ts";
import { phaseOf } from "../core/phase.ts";
import type { LoginRecord } from "../core/ports.ts";
import { lifeToAskFor, USUAL_LIFE } from "../core/schedule.ts";
import { isRefreshWanted, type RefreshOptions } from "../core/wanted.ts";
import type { KeeperParts } from "./parts.ts";

/** Tells whether this generation calls for a refresh now, by what is remembered of it. */
export function isWanted(
  parts: KeeperParts,
  credential: Credential,
  record: LoginRecord,
  options: RefreshOptions,
): boolean {
  const now = parts.clock.now();
  const life = { length: record.lifeLength ?? USUAL_LIFE, jitter: parts.jitter };
  const phase = phaseOf({ state: "present", credential }, record.verdict, now, life);
  const minTtl = lifeToAskFor(options.minTtl, life.length);
  return isRefreshWanted(phase, credential, now, { ...options, minTtl });
}

/** True when this credential's refresh token is known to be used up: it must never be sent again. */
export function isSpent({ spent }: LoginRecord, { refreshToken }: Credential): boolean {
  return refreshToken !== null && spent.includes(refreshToken.fingerprint);
}
