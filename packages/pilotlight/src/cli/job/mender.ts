import { type Credential, type Fingerprint, pairOf } from "../../core/credential.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import { refresh } from "../../keeper/refresh.ts";
import { reject } from "../../keeper/witness.ts";
import type { Access } from "./secure-access.ts";

/** Renews the login of a job whose access token the API rejects. */
export interface Mender {
  /** Hears of each generation that comes into the store while the job lives. */
  shown(credential: Credential): Promise<void>;
  /** Takes the job's 401 as the server's word. Resolves to true when the job finds another token from now on. */
  mend(): Promise<boolean>;
}

/** ms in which a 401 is still put down to the token before: it may have been on its way. */
const LATE = 3_000;

export function mender(parts: KeeperParts, access: Access): Mender {
  let used: Fingerprint | null = pairOf(access.credential).access;
  let since: number | null = null;
  let mending: Promise<boolean> | null = null;

  async function shown(credential: Credential): Promise<void> {
    const { access: next } = pairOf(credential);
    if (next !== used) since = parts.clock.monotonic();
    used = next;
    await access.projection?.show(credential);
  }

  async function mendNow(): Promise<boolean> {
    if (used === null) return false;
    if (since !== null && parts.clock.monotonic() - since < LATE) return true;
    const rejected = used;
    if (access.mayRefresh) {
      await reject(parts, rejected, "run").catch(() => false);
      await refresh(parts, { force: false, minTtl: 0 }).catch(() => null);
    }
    const entry = await parts.store.read();
    if (entry.state !== "present") return false;
    await shown(entry.credential);
    return pairOf(entry.credential).access !== rejected;
  }

  return {
    shown,
    mend() {
      mending ??= mendNow().finally(() => {
        mending = null;
      });
      return mending;
    },
  };
}
