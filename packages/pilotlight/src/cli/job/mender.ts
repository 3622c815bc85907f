import { type Credential, type Fingerprint, pairOf } from "../../core/credential.ts";
import { type ErrorCode, PilotlightError } from "../../core/errors.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import { refresh } from "../../keeper/refresh.ts";
import { reject } from "../../keeper/witness.ts";
import type { Access } from "./secure-access.ts";

/** Why a login was not renewed. */
export interface Trouble {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** What came of mending. */
export interface Mended {
  /** The job finds another access token from now on. */
  readonly isRenewed: boolean;
  /** The rejection is noted, and nothing stands in the way of the next refresh. */
  readonly isLeft: boolean;
  readonly trouble: Trouble | null;
}

/**
 * Takes a job's 401 as the server's word; `signal` gives up the wait for locks, and never a grant.
 * Unless it `maySpend` (it may, if not told), it leaves the renewal to the next refresh.
 */
export type Mend = (signal: AbortSignal, maySpend?: boolean) => Promise<Mended>;

/** Renews the login of a job whose access token the API rejects. */
export interface Mender {
  /** Hears of each generation that comes into the store while the job lives. */
  shown(credential: Credential): Promise<void>;
  readonly mend: Mend;
  /** Resolves when nothing is being mended any more. */
  settled(): Promise<void>;
}

export const NOT_MENDED: Mended = { isRenewed: false, isLeft: false, trouble: null };

/** ms in which a 401 is still put down to the token before: it may have been on its way. */
const LATE = 3_000;

/** ms after which the server may reject what we renewed without our taking its new tokens for useless. */
const FUTILE = 60_000;

export function mender(parts: KeeperParts, access: Access): Mender {
  let used: Fingerprint | null = pairOf(access.credential).access;
  let since: number | null = null;
  let mending: Promise<Mended> | null = null;
  let isFutile = false;

  async function shown(credential: Credential): Promise<void> {
    const { access: next } = pairOf(credential);
    if (next !== used) since = parts.clock.monotonic();
    used = next;
    await access.projection?.show(credential);
  }

  async function mendNow(signal: AbortSignal, maySpend: boolean): Promise<Mended> {
    if (used === null || isFutile) return NOT_MENDED;
    const age = since === null ? Number.POSITIVE_INFINITY : parts.clock.monotonic() - since;
    if (age < LATE) return { ...NOT_MENDED, isRenewed: true };
    // Another rotation would not help a server that takes none of them.
    isFutile = age < FUTILE;
    if (isFutile) return NOT_MENDED;
    const rejected = used;
    const trouble = access.mayRefresh ? await renew(rejected, signal, maySpend) : null;
    const entry = await parts.store.read();
    if (entry.state !== "present") return { ...NOT_MENDED, trouble };
    await shown(entry.credential);
    if (pairOf(entry.credential).access !== rejected) return { ...NOT_MENDED, isRenewed: true };
    const { verdict } = await parts.records.read();
    const isNoted = verdict?.kind === "rejected" && verdict.access === rejected;
    const isLeft = isNoted && trouble === null && entry.credential.refreshToken !== null;
    return { isRenewed: false, isLeft, trouble };
  }

  async function renew(
    rejected: Fingerprint,
    signal: AbortSignal,
    maySpend: boolean,
  ): Promise<Trouble | null> {
    try {
      await reject(parts, rejected, "run", signal);
      if (!maySpend) return null;
      const outcome = await refresh(parts, { force: false, minTtl: 0, signal });
      return "code" in outcome ? { code: outcome.code, detail: outcome.detail } : null;
    } catch (error) {
      if (!(error instanceof PilotlightError)) throw error;
      return { code: error.code, detail: error.message };
    }
  }

  return {
    shown,
    mend(signal, maySpend = true) {
      mending ??= mendNow(signal, maySpend).finally(() => {
        mending = null;
      });
      return mending;
    },
    async settled() {
      await mending?.catch(() => undefined);
    },
  };
}
