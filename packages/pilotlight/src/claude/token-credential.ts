import type { Credential, Token } from "../core/credential.ts";
import { Secret } from "../core/secret.ts";
import { tokenOf } from "./fingerprint.ts";

/** The variable that Claude Code reads a setup-token from. */
export const SETUP_TOKEN = "CLAUDE_CODE_OAUTH_TOKEN";

/** ms from the minting of a setup-token to its end: Claude Code asks for `expires_in: 31536000` (measured 2026-11). */
export const SETUP_TOKEN_LIFE = 31_536_000_000;

/** The variables that hold a credential, as Claude Code ranks them (docs/precedence.md). */
const HOLDERS = ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", SETUP_TOKEN] as const;

/** The credential that a job with these variables would use, and the variable that holds it; `null` where none does. */
export function tokenIn(
  variables: Readonly<Record<string, string | undefined>>,
): { readonly source: (typeof HOLDERS)[number]; readonly token: Token } | null {
  for (const source of HOLDERS) {
    const text = variables[source]?.trim() ?? "";
    if (text !== "") return { source, token: tokenOf(text) };
  }
  return null;
}

/**
 * The credential of a token that stands by itself, as Claude Code would store it.
 * @param endsAt epoch ms; `null` where nobody knows. With such a token the whole login ends.
 */
export function tokenCredential(token: Token, endsAt: number | null): Credential {
  const ends = { expiresAt: endsAt, refreshTokenExpiresAt: endsAt };
  return {
    accessToken: token,
    refreshToken: null,
    expiresAt: endsAt,
    loginEndsAt: endsAt,
    scopes: null,
    subscriptionType: null,
    fields: new Secret({ accessToken: token.secret.reveal(), ...ends }),
  };
}

/** The environment in which Claude Code uses this setup-token. */
export function environmentWith(token: Token): Readonly<Record<typeof SETUP_TOKEN, string>> {
  return { [SETUP_TOKEN]: token.secret.reveal() };
}
