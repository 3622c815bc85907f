import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../core/secret.ts";

/** Tells whether a request carries the token. Holds only a digest of it. */
export type IsAuthorised = (request: Request) => boolean;

/** Nobody is authorised where no token is configured (RFC 6750 §2.1 for the header). */
export function bearer(token: Secret | null): IsAuthorised {
  if (token === null) return () => false;
  const expected = digestOf(token.reveal());
  return (request) => {
    const [, sent] = /^Bearer ([^\s]+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    // Digests are of one length, so the time of the comparison tells neither length nor beginning.
    return sent !== undefined && timingSafeEqual(digestOf(sent), expected);
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
