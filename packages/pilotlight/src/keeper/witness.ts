import type { Fingerprint } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { HeldLock, LockPatience } from "../core/ports.ts";
import type { Verdict } from "../core/verdict.ts";
import { fencedRecords, LockLost } from "./fence.ts";
import type { KeeperParts } from "./parts.ts";

type Witnessed = Extract<Verdict, { kind: "rejected" | "proved" }>["kind"];

/** What is remembered of a login, and who hears of it. With no driver among them, nothing can be spent. */
export type WitnessParts = Pick<KeeperParts, "store" | "records" | "clock" | "tell">;

/**
 * Takes a consumer's word that the server rejected an access token, whatever its `expiresAt` says:
 * from now on a refresh is due. A token that the store no longer holds is ignored.
 * `signal` gives up the wait for the lock.
 * @returns whether the token was the present one.
 * @throws PilotlightError `lock_busy`
 */
export function reject(
  parts: WitnessParts,
  access: Fingerprint,
  by: string,
  signal?: AbortSignal,
): Promise<boolean> {
  return witness(parts, "rejected", access, by, { isMoot: async () => signal?.aborted === true });
}

/** Takes a consumer's word that the server accepted an access token. Otherwise as `reject`. */
export function prove(parts: WitnessParts, access: Fingerprint, by: string): Promise<boolean> {
  // Who holds the lock brings another token; a proof of the old one is not worth the wait.
  return witness(parts, "proved", access, by, { waitMs: 0 });
}

async function witness(
  { store, records, clock, tell }: WitnessParts,
  kind: Witnessed,
  access: Fingerprint,
  by: string,
  patience: LockPatience,
): Promise<boolean> {
  const note = async (lock: HeldLock) => {
    const entry = await store.read();
    if (entry.state !== "present" || entry.credential.accessToken?.fingerprint !== access)
      return false;
    const record = await records.read();
    // What is known of the refresh token outweighs any word on the access token.
    const isEnded =
      record.verdict?.kind === "ended" &&
      record.verdict.refresh === entry.credential.refreshToken?.fingerprint;
    if (!isEnded) {
      const verdict: Verdict = { kind, access, at: clock.now(), by };
      await fencedRecords(records, lock).write({ ...record, verdict });
      tell({ kind: "verdict", verdict });
    }
    return true;
  };
  const held = await store.withLock(note, patience).catch((error: unknown) => {
    if (error instanceof LockLost) return { busy: error.message };
    throw error;
  });
  if ("busy" in held) throw new PilotlightError("lock_busy", held.busy);
  return held.done;
}
