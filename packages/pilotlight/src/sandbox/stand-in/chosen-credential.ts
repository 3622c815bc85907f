import type { Source } from "../../core/login-status.ts";
import type { StoredLogin } from "./login-file.ts";

/** Headers that carry a credential. */
export type CredentialHeaders = Readonly<Record<string, string>>;

export type Chosen =
  | { readonly kind: "headers"; readonly headers: CredentialHeaders }
  /** It cannot be used; the text is the result, `error` the build's name for it. */
  | { readonly kind: "refused"; readonly text: string; readonly error: string };

/** The credential of one run, as the build chooses, reloads and refreshes it. */
export interface CredentialInUse {
  readonly source: Source;
  /** The one of the stored login; `null` where another source wins. */
  readonly login: StoredLogin | null;
  /** Refreshes a login that is due, as the build does while it starts: once more when that failed. */
  start(tries: 1 | 2): Promise<void>;
  /** Looks at the file again, refreshes what is due, and says what to send. */
  next(): Promise<Chosen>;
  /** The server refused what was sent. @returns how many requests the build makes in all for one message. */
  refused(): Promise<number>;
  /** The message was answered or given up; the next one starts anew. */
  settled(): void;
}

/** What a run without any credential says. */
export function notLoggedIn(): Chosen {
  const text = "Not logged in · Please run /login";
  return { kind: "refused", text, error: "authentication_failed" };
}

/** The header for a token that is not known to be OAuth. */
export function bearer(token: string): CredentialHeaders {
  return { authorization: `Bearer ${token}` };
}

/** The headers for an OAuth access token. */
export function oauthHeaders(token: string): CredentialHeaders {
  return { ...bearer(token), "anthropic-beta": "claude-code-20250219,oauth-2025-04-20" };
}
