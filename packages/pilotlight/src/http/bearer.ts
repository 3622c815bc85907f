import type { Secret } from "../core/secret.ts";
import { secretCheck } from "./secret-check.ts";

/** Tells whether a request carries the token. */
export type IsAuthorised = (request: Request) => boolean;

/** Nobody is authorised where no token is configured (RFC 6750 §2.1 for the header). */
export function bearer(token: Secret | null): IsAuthorised {
  if (token === null) return () => false;
  const isToken = secretCheck(token);
  return (request) => {
    const [, sent] = /^Bearer ([^\s]+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    return sent !== undefined && isToken(sent);
  };
}
