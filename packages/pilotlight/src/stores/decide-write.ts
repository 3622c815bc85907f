import {
  type Credential,
  type Entry,
  isBlanked,
  isSamePair,
  type Pair,
  pairOf,
} from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";
import type { CredentialFormat } from "../core/ports.ts";

/** What is stored right now: its text, `null` where there is none to merge with, and what that means. */
export interface Live {
  readonly text: string | null;
  readonly entry: Entry;
}

export type WriteDecision =
  /** Store `text`, which then reads as `pair`. */
  | { readonly kind: "commit"; readonly text: string; readonly pair: Pair }
  | { readonly kind: "conflict"; readonly credential: Credential }
  | { readonly kind: "absent" };

/**
 * Decides whether `next`, issued for `expected`, may be stored over `live`. Blanked and corrupt documents are no
 * sign-in, so they are written over; a pair that is neither `expected` nor ours is one, and wins. `null` expects nothing:
 * `next` is a sign-in itself.
 * @throws PilotlightError `cannot_persist` where what is there can be neither understood nor replaced.
 */
export function decideWrite(
  format: CredentialFormat,
  live: Live,
  next: Credential,
  expected: Pair | null,
): WriteDecision {
  const { entry } = live;
  if (entry.state === "absent" && expected !== null) return { kind: "absent" };
  if (entry.state === "unreadable" && entry.code !== "credential_corrupt") {
    throw new PilotlightError("cannot_persist", entry.reason);
  }
  const text = format.merge(live.text, next);
  const merged = format.parse(text);
  if (merged.state !== "present") {
    throw new PilotlightError("bug", "a merged credential does not read back");
  }
  const pair = pairOf(merged.credential);
  if (expected !== null && entry.state === "present" && !isBlanked(entry.credential)) {
    const found = pairOf(entry.credential);
    // Ours is there when an earlier run got as far as the store; it is stored again to make sure of the disk.
    if (!isSamePair(found, expected) && !isSamePair(found, pair)) {
      return { kind: "conflict", credential: entry.credential };
    }
  }
  return { kind: "commit", text, pair };
}
