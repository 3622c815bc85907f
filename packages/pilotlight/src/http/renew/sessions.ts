import type { Secret } from "../../core/secret.ts";
import { secretCheck } from "../secret-check.ts";

/** ms that a passphrase opens the renewal of one login for. */
export const SESSION = 15 * 60_000;

/** Wrong passphrases in a row after which none is looked at for a while, and ms of that while: it doubles. */
const TRIES = 5;
const PAUSE = { first: 60_000, longest: 15 * 60_000 };

/** What a passphrase opened. */
type Admission =
  | { readonly kind: "open"; readonly id: string }
  | { readonly kind: "wrong" }
  /** ms until one is looked at again. */
  | { readonly kind: "locked"; readonly ms: number };

/** Who may renew which login, in this process. */
export interface Sessions {
  admit(login: string, passphrase: string): Admission;
  isOpen(login: string, id: string | undefined): boolean;
}

interface SessionParts {
  readonly passphrase: Secret;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Makes what nobody can guess. */
  readonly newId: () => string;
}

export function sessions({ passphrase, now, newId }: SessionParts): Sessions {
  const isPassphrase = secretCheck(passphrase);
  const open = new Map<string, { readonly login: string; readonly endsAt: number }>();
  let wrong = 0;
  let lockedUntil = 0;
  return {
    admit(login, guess) {
      const time = now();
      // Also the right one, or what is looked at could be told from what is not.
      if (time < lockedUntil) return { kind: "locked", ms: lockedUntil - time };
      if (!isPassphrase(guess)) {
        wrong += 1;
        const pause = PAUSE.first * 2 ** (wrong - TRIES);
        if (wrong >= TRIES) lockedUntil = time + Math.min(pause, PAUSE.longest);
        return { kind: "wrong" };
      }
      wrong = 0;
      for (const [id, { endsAt }] of open) if (endsAt <= time) open.delete(id);
      const id = newId();
      open.set(id, { login, endsAt: time + SESSION });
      return { kind: "open", id };
    },
    isOpen(login, id) {
      const session = id === undefined ? undefined : open.get(id);
      return session !== undefined && session.login === login && now() < session.endsAt;
    },
  };
}
