import { type Credential, isBlanked, pairOf } from "../core/credential.ts";
import type { Outcome } from "../core/outcome.ts";
import type { HeldLock, LoginRecord } from "../core/ports.ts";
import { recogniseStore } from "../core/recognise-store.ts";
import { isSpent } from "./judge.ts";
import type { KeeperParts } from "./parts.ts";

export type Restored =
  | {
      readonly kind: "intact" | "restored";
      readonly credential: Credential;
      readonly record: LoginRecord;
    }
  | Extract<Outcome, { kind: "dead" }>
  | "look_again";

/**
 * Repairs a store that was blanked, or that holds a refresh token known to be spent, from the last
 * generation seen: if, and only if, that generation's refresh token was never spent or rejected (FM-10, FM-12).
 */
export async function restore(
  parts: KeeperParts,
  live: Credential,
  lock: HeldLock,
): Promise<Restored> {
  const record = await parts.records.read();
  const isUsedUp = isSpent(record, live);
  if (!isBlanked(live) && !isUsedUp) return { kind: "intact", credential: live, record };

  const { code } = recogniseStore(isUsedUp ? "spent" : "blanked");
  const last = record.generation;
  if (last === null || !isUsable(last, record)) {
    if (isEnded(live, record)) return { kind: "intact", credential: live, record };
    const detail =
      last === null ? "no earlier generation is known" : "the last known generation is used up";
    return { kind: "dead", code, detail };
  }
  const written = await parts.store.write(last, pairOf(live), lock);
  if (written.kind !== "written") return "look_again";
  parts.tell({ kind: "restored", pair: pairOf(last) });
  return { kind: "restored", credential: last, record };
}

function isUsable(last: Credential, record: LoginRecord): boolean {
  const refresh = last.refreshToken?.fingerprint;
  if (refresh === undefined || record.spent.includes(refresh)) return false;
  return !isEnded(last, record);
}

function isEnded({ refreshToken }: Credential, { verdict }: LoginRecord): boolean {
  return verdict?.kind === "ended" && verdict.refresh === refreshToken?.fingerprint;
}
