import { CLAUDE_CODE } from "../client.ts";
import type { AuthorizationRequest } from "./authorization-codes.ts";

/** A link that can be answered at its redirect. */
export interface ServedRequest extends AuthorizationRequest {
  readonly redirectUri: string;
}

/** An error as it travels to the redirect (RFC 6749 §4.1.2.1). */
export interface AuthorizationError {
  readonly error:
    "access_denied" | "invalid_request" | "invalid_scope" | "unsupported_response_type";
  readonly description: string;
}

/**
 * What a link turns out to be. `untrusted`: client or redirect are not known, so nobody is sent there. `wrong`: whoever
 * sent the link is told at its redirect.
 */
type ReadRequest =
  | { readonly kind: "request"; readonly request: ServedRequest }
  | { readonly kind: "untrusted"; readonly why: string }
  | {
      readonly kind: "wrong";
      readonly redirectUri: string;
      readonly state: string | null;
      readonly problem: AuthorizationError;
    };

/** S256 always comes to 43 characters (RFC 7636 §4.2). */
const CHALLENGE = /^[\w-]{43}$/;

/** Reads the query of an authorization link. */
export function readRequest(query: URLSearchParams): ReadRequest {
  const clientId = query.get("client_id");
  const redirectUri = query.get("redirect_uri");
  if (!clientId) return untrusted("The link names no client (client_id).");
  if (clientId !== CLAUDE_CODE.id)
    return untrusted("The link names a client that is not known here (client_id).");
  if (!redirectUri)
    return untrusted("The link does not say where to go afterwards (redirect_uri).");
  if (!isRegistered(redirectUri))
    return untrusted(
      "The link leads to a place that does not belong to the client (redirect_uri).",
    );
  const state = query.get("state");
  const problem = problemIn(query);
  if (problem !== null) return { kind: "wrong", redirectUri, state, problem };
  const request = {
    clientId,
    redirectUri,
    scopes: wordsIn(query.get("scope")),
    challenge: query.get("code_challenge") ?? "",
    state: state ?? "",
  };
  return { kind: "request", request };
}

function problemIn(query: URLSearchParams): AuthorizationError | null {
  const names = [...query.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return invalid(`${twice} is given more than once`);
  if (query.get("response_type") !== "code")
    return { error: "unsupported_response_type", description: "response_type must be code" };
  if (!query.get("state")) return invalid("state is missing");
  if (query.get("code_challenge_method") !== "S256")
    return invalid("code_challenge_method must be S256");
  if (!CHALLENGE.test(query.get("code_challenge") ?? ""))
    return invalid("code_challenge is missing or no S256 challenge");
  if (wordsIn(query.get("scope")).length === 0)
    return { error: "invalid_scope", description: "scope is missing" };
  return null;
}

/** The page that shows the code, or a client that listens on this machine, on any port (RFC 8252 §7.3). */
function isRegistered(redirectUri: string): boolean {
  if (redirectUri === CLAUDE_CODE.redirectUri) return true;
  return /^http:\/\/localhost:\d{1,5}\/callback$/.test(redirectUri);
}

function wordsIn(text: string | null): readonly string[] {
  return (text ?? "").split(" ").filter((word) => word !== "");
}

function untrusted(why: string): ReadRequest {
  return { kind: "untrusted", why };
}

function invalid(description: string): AuthorizationError {
  return { error: "invalid_request", description };
}
