import { createHash } from "node:crypto";
import type { Fingerprint, Token } from "../core/credential.ts";
import { Secret } from "../core/secret.ts";

export function fingerprintOf(token: string): Fingerprint {
  return `sha256:${createHash("sha256").update(token).digest("hex").slice(0, 8)}`;
}

export function tokenOf(text: string): Token {
  return { secret: new Secret(text), fingerprint: fingerprintOf(text) };
}
