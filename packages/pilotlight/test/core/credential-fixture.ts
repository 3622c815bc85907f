import { createHash } from "node:crypto";
import type { Credential, Fingerprint, Token } from "../../src/core/credential.ts";
import { Secret } from "../../src/core/secret.ts";

/** A credential with invented tokens; `null` stands for a token that is not there. */
export function credential(changes: Partial<Credential> = {}): Credential {
  return {
    accessToken: token("sk-ant-oat01-TEST-a"),
    refreshToken: token("sk-ant-ort01-TEST-a"),
    expiresAt: null,
    loginEndsAt: null,
    scopes: null,
    subscriptionType: null,
    fields: new Secret({}),
    ...changes,
  };
}

export function token(text: string): Token {
  const hex = createHash("sha256").update(text).digest("hex");
  return { secret: new Secret(text), fingerprint: `sha256:${hex.slice(0, 8)}` };
}

export function fingerprint(text: string): Fingerprint {
  return token(text).fingerprint;
}
