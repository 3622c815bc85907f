import { type Credential, type Entry, isBlanked, isSamePair, pairOf } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { HeldLock, LoginRecord } from "../core/ports.ts";
import type { Verdict } from "../core/verdict.ts";
import { fenced, LOCK_TRIES, LockLost } from "./fence.ts";
import type { KeeperParts } from "./parts.ts";
import { recover } from "./recover.ts";

/**
 * Puts a login that has just been signed in to, and proved, in the place of what the store holds, whatever that is;
 * what others keep in the same document stays. A refresh under way is waited for: it holds the lock. A living login that
 * ends later is that of somebody who signed in meanwhile: it wins, unless it may be shortened (another account).
 * @throws PilotlightError `lock_busy`, `cannot_persist`; what was in the store is then still there
 */
export async function installSignIn(
  parts: KeeperParts,
  next: Credential,
  options: { readonly mayShorten: boolean },
): Promise<"installed" | "superseded"> {
  for (let tries = 1; tries <= LOCK_TRIES; tries += 1) {
    const held = await parts.store.withLock((lock) =>
      underLock(fenced(parts, lock), next, options, lock).catch((error: unknown) => {
        if (error instanceof LockLost) return "look_again" as const;
        throw error;
      }),
    );
    if ("busy" in held) throw new PilotlightError("lock_busy", held.busy);
    if (held.done !== "look_again") return held.done;
  }
  throw new PilotlightError(
    "lock_busy",
    "the lock was lost again and again before the login was stored",
  );
}

async function underLock(
  parts: KeeperParts,
  next: Credential,
  { mayShorten }: { readonly mayShorten: boolean },
  lock: HeldLock,
): Promise<"installed" | "superseded" | "look_again"> {
  const { store, records, clock, tell } = parts;
  const entry = await store.read();
  const isThere = entry.state === "present" && isSamePair(pairOf(entry.credential), pairOf(next));
  const record = await records.read();
  if (!mayShorten && !isThere && isLater(entry, next, record)) return "superseded";
  if (!isThere) {
    await store.proveWritable();
    const { kind } = await store.write(next, null, lock);
    if (kind !== "written") return "look_again";
  }
  const access = next.accessToken?.fingerprint;
  const verdict: Verdict | null =
    access === undefined ? null : { kind: "proved", access, at: clock.now(), by: "sign-in" };
  const lifeLength = next.expiresAt === null ? record.lifeLength : next.expiresAt - clock.now();
  await records.write({ ...record, verdict, generation: next, lifeLength });
  // Whatever was open was of the login before; its result, if there is one, loses against a sign-in.
  await recover(parts, { force: false, minTtl: 0 }, lock);
  if (verdict !== null) tell({ kind: "verdict", verdict });
  return "installed";
}

/** Only a sign-in moves the end of a login, so the later end is the later sign-in. */
function isLater(entry: Entry, next: Credential, { verdict }: LoginRecord): boolean {
  if (entry.state !== "present" || isBlanked(entry.credential)) return false;
  const { loginEndsAt, refreshToken } = entry.credential;
  if (verdict?.kind === "ended" && verdict.refresh === refreshToken?.fingerprint) return false;
  return loginEndsAt !== null && next.loginEndsAt !== null && loginEndsAt > next.loginEndsAt;
}
