import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../core/secret.ts";

/** Tells whether a guess is the secret. Holds only a digest of it. */
export function secretCheck(secret: Secret): (guess: string) => boolean {
  const expected = digestOf(secret.reveal());
  // Digests are of one length, so the time of the comparison tells neither length nor beginning.
  return (guess) => timingSafeEqual(digestOf(guess), expected);
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
