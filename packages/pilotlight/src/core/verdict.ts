import type { ErrorCode } from "./errors.ts";
import type { Fingerprint } from "./credential.ts";

/**
 * What the server or the CLI said of one token. It holds for the token it names and for no other:
 * a new pair in the store makes it void by itself.
 */
export type Verdict =
  /** `invalid_grant` for this refresh token: the login has ended. */
  | {
      readonly kind: "ended";
      readonly refresh: Fingerprint;
      readonly at: number;
      readonly code: ErrorCode;
    }
  /** A 401 for this access token, whatever its `expiresAt` says. */
  | {
      readonly kind: "rejected";
      readonly access: Fingerprint;
      readonly at: number;
      readonly by: string;
    }
  /** The server issued or accepted this access token. */
  | {
      readonly kind: "proved";
      readonly access: Fingerprint;
      readonly at: number;
      readonly by: string;
    };
