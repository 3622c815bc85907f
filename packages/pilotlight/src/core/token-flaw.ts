import { type TokenKind, tokenKindOf } from "./credential.ts";

/** What is wrong with a token by its looks alone; `failure` where every request with it must be refused. */
export interface TokenFlaw {
  readonly severity: "warning" | "failure";
  /** A phrase that follows the token's place; never quotes it. */
  readonly text: string;
}

/** A setup-token has about 108 characters; a terminal that wraps lines leaves 79 or 80 of them (FM-06). */
const LEAST_PASTED = 100;

const NAMES: Readonly<Record<TokenKind, string>> = {
  "oauth-access": "an OAuth access token (sk-ant-oat…)",
  "oauth-refresh": "a refresh token (sk-ant-ort…)",
  "api-key": "an API key (sk-ant-api…)",
  unknown: "something else",
};

/**
 * Tells what is wrong with `token` where a token of `expected` kind has to stand; `null` when nothing shows.
 * `isPasted`: a person put it there, so it may have been cut off.
 */
export function tokenFlaw(
  token: string,
  expected: Exclude<TokenKind, "unknown">,
  isPasted: boolean,
): TokenFlaw | null {
  // Claude Code trims what stands around it (measured 2026-11).
  const text = token.trim();
  if (/[^\x21-\x7e]/.test(text)) {
    return { severity: "failure", text: "has a space, a line break or an odd character inside" };
  }
  const kind = tokenKindOf(text);
  if (kind !== expected && kind !== "unknown") {
    const what = `holds ${NAMES[kind]} where ${NAMES[expected]} belongs`;
    return { severity: "failure", text: what };
  }
  if (text.includes("#")) {
    return { severity: "failure", text: "has a # in it: that is the sign-in code, not the token" };
  }
  if (kind === "unknown") {
    return { severity: "warning", text: `does not look like ${NAMES[expected]}` };
  }
  if (isPasted && kind === "oauth-access" && text.length < LEAST_PASTED) {
    const cut = `has ${text.length} characters, and about 108 are usual: it may be cut off`;
    return { severity: "warning", text: cut };
  }
  return null;
}
