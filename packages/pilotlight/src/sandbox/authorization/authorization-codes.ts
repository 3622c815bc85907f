import { createHash } from "node:crypto";
import type { AccountName } from "../accounts.ts";

/** What a link asks for (RFC 6749 §4.1.1, RFC 7636 §4.3). */
export interface AuthorizationRequest {
  /** `null` where the link does not say; then the redemption is not held to it. */
  readonly clientId: string | null;
  readonly redirectUri: string | null;
  readonly scopes: readonly string[];
  /** S256. */
  readonly challenge: string;
  readonly state: string;
}

/** What a code is redeemed with (RFC 6749 §4.1.3, RFC 7636 §4.5). */
interface Redemption {
  readonly code: string;
  readonly verifier: string;
  readonly clientId: string;
  readonly redirectUri: string | undefined;
}

/** What a code stood for, or why it is refused. */
type Redeemed =
  | { readonly scopes: readonly string[]; readonly account: AccountName }
  | { readonly refusal: string };

type CodeState = "live" | "expired" | "used" | "unknown";

/** The codes that were given after a consent. Each is good for one attempt, however that ends. */
export interface AuthorizationCodes {
  /** @returns the code, without its state */
  issue(request: AuthorizationRequest, account: AccountName): string;
  stateOf(code: string): CodeState;
  /** True once a code of this link has opened a login. */
  hasOpened(link: Pick<AuthorizationRequest, "challenge">): boolean;
  redeem(redemption: Redemption): Redeemed;
  /** Ends every code that waits. */
  expireAll(): void;
}

interface CodeOptions {
  /** Epoch ms. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Seconds. */
  readonly life: number;
}

interface Code extends AuthorizationRequest {
  readonly account: AccountName;
  endsAt: number;
  isUsed: boolean;
}

export function authorizationCodes({ now, random, life }: CodeOptions): AuthorizationCodes {
  const codes = new Map<string, Code>();
  const opened = new Set<string>();

  function stateOf(name: string): CodeState {
    const code = codes.get(name);
    if (code === undefined) return "unknown";
    if (code.isUsed) return "used";
    return now() >= code.endsAt ? "expired" : "live";
  }

  function redeem({ code: name, verifier, clientId, redirectUri }: Redemption): Redeemed {
    const isLive = stateOf(name) === "live";
    const code = codes.get(name);
    if (code === undefined || !isLive)
      return { refusal: "Authorization code not found, expired or already used" };
    code.isUsed = true;
    if (code.clientId !== null && code.clientId !== clientId)
      return { refusal: "client_id differs from the authorization request" };
    if (code.redirectUri !== null && code.redirectUri !== redirectUri)
      return { refusal: "redirect_uri differs from the authorization request" };
    if (challengeOf(verifier) !== code.challenge)
      return { refusal: "code_verifier does not match the code_challenge" };
    opened.add(code.challenge);
    return { scopes: code.scopes, account: code.account };
  }

  return {
    issue(request, account) {
      const name = `TEST${Buffer.from(random(32)).toString("base64url")}`;
      codes.set(name, { ...request, account, endsAt: now() + life * 1000, isUsed: false });
      return name;
    },
    stateOf,
    hasOpened: ({ challenge }) => opened.has(challenge),
    redeem,
    expireAll() {
      for (const code of codes.values()) code.endsAt = Math.min(code.endsAt, now());
    },
  };
}

function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}
