import type { Secret } from "./secret.ts";

/** `sha256:` and the first 8 hex digits of the SHA-256 of a token: what people and logs see of it. */
export type Fingerprint = `sha256:${string}`;

/** An access or refresh token (RFC 6749 §1.4, §1.5) and the fingerprint that names it. */
export interface Token {
  readonly secret: Secret;
  readonly fingerprint: Fingerprint;
}

/** One login's tokens as Claude Code stores them; times are epoch ms, `null` where the store does not say. */
export interface Credential {
  readonly accessToken: Token | null;
  readonly refreshToken: Token | null;
  /** A hint: the server's word outranks it. */
  readonly expiresAt: number | null;
  /** End of the whole login (`refreshTokenExpiresAt`), about 30 days after sign-in; a hint too. */
  readonly loginEndsAt: number | null;
  readonly scopes: readonly string[] | null;
  readonly subscriptionType: string | null;
  /** Every key of the stored object, tokens included, so that a write drops nothing it does not know. */
  readonly fields: Secret<Readonly<Record<string, unknown>>>;
}

/** Names one generation of a login. Two credentials are the same generation if both fingerprints agree. */
export interface Pair {
  readonly access: Fingerprint | null;
  readonly refresh: Fingerprint | null;
}

/** What a store holds for a login. */
export type Entry =
  | { readonly state: "absent" }
  | {
      readonly state: "unreadable";
      readonly code:
        | "credential_corrupt"
        | "credential_not_a_file"
        | "credential_unreadable"
        | "env_file_corrupt";
      /** What is wrong and where in the document, without any of its values. */
      readonly reason: string;
    }
  | { readonly state: "present"; readonly credential: Credential };

export function pairOf(credential: Credential): Pair {
  return {
    access: credential.accessToken?.fingerprint ?? null,
    refresh: credential.refreshToken?.fingerprint ?? null,
  };
}

export function isSamePair(a: Pair, b: Pair): boolean {
  return a.access === b.access && a.refresh === b.refresh;
}

/** True when both tokens are gone but their object is still there: a CLI's mark for a rejected grant (FM-10, FM-33). */
export function isBlanked(credential: Credential): boolean {
  return credential.accessToken === null && credential.refreshToken === null;
}

/** True when Claude Code takes the login for one: without this scope it says that it is not logged in (FM-34). */
export function mayInfer(credential: Credential): boolean {
  return credential.scopes?.includes("user:inference") === true;
}

/** What a token's prefix says it is; `unknown` is any other text. */
export type TokenKind = "oauth-access" | "oauth-refresh" | "api-key" | "unknown";

export function tokenKindOf(token: string): TokenKind {
  if (token.startsWith("sk-ant-oat")) return "oauth-access";
  if (token.startsWith("sk-ant-ort")) return "oauth-refresh";
  if (token.startsWith("sk-ant-api")) return "api-key";
  return "unknown";
}
