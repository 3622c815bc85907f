import type { Fingerprint } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { KeeperParts } from "./parts.ts";

/**
 * Takes a consumer's word that the server rejected an access token, whatever its `expiresAt` says:
 * from now on a refresh is due. A token that the store no longer holds is ignored.
 * @returns whether the token was the present one.
 * @throws PilotlightError `lock_busy`
 */
export async function reject(
  parts: Pick<KeeperParts, "store" | "records" | "clock">,
  access: Fingerprint,
  by: string,
): Promise<boolean> {
  const { store, records, clock } = parts;
  const held = await store.withLock(async () => {
    const entry = await store.read();
    if (entry.state !== "present" || entry.credential.accessToken?.fingerprint !== access)
      return false;
    const record = await records.read();
    const isKnown =
      record.verdict?.kind === "ended" &&
      record.verdict.refresh === entry.credential.refreshToken?.fingerprint;
    if (!isKnown) {
      await records.write({
        ...record,
        verdict: { kind: "rejected", access, at: clock.now(), by },
      });
    }
    return true;
  });
  if ("busy" in held) throw new PilotlightError("lock_busy", held.busy);
  return held.done;
}
