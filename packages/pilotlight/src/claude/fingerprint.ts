import { createHash } from "node:crypto";
import type { Fingerprint, Token } from "../core/credential.ts";
import { Secret } from "../core/secret.ts";

/** Names a token for people and logs: the first 8 hex digits of its SHA-256. */
export function fingerprintOf(token: string): Fingerprint {
  return `sha256:${createHash("sha256").update(token).digest("hex").slice(0, 8)}`;
}

/** Wraps a token's text, so that only its fingerprint is ever shown. */
export function tokenOf(text: string): Token {
  return { secret: new Secret(text), fingerprint: fingerprintOf(text) };
}
