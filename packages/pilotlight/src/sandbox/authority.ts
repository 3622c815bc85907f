import { z } from "zod";
import { type AccountName, ACCOUNTS, USUAL_ACCOUNT } from "./accounts.ts";
import { authorizationCodes } from "./authorization/authorization-codes.ts";
import {
  authorizationEndpoint,
  isAuthorizationPath,
} from "./authorization/authorization-endpoint.ts";
import { type FaultQueue, faultQueue } from "./fault.ts";
import type { Note } from "./request-log.ts";
import { answerToken, printAnswer, type TokenAnswer } from "./token-answer.ts";
import {
  type Issue,
  type LedgerOptions,
  type Refusal,
  type TokenLedger,
  tokenLedger,
} from "./token-ledger.ts";

export interface AuthorityOptions extends LedgerOptions {
  /** ms. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly faults?: FaultQueue | undefined;
  /** Life of an authorization code in seconds; 10 min unless told. */
  readonly codeLife?: number | undefined;
}

/** An OAuth authorization server in memory, whose `fetch` can be called instead of the network's. */
export interface Authority {
  /** Serves the pages of an authorization link, `POST /v1/oauth/token` and `/v1/oauth/token/revoke`. @throws DroppedConnection where a fault is to give no answer. */
  fetch(request: Request, note?: Note): Promise<Response>;
  /**
   * Stands in for the person at the consent page, as whom `account` names (`person` unless told): gives the `CODE#STATE`
   * for an authorization URL (RFC 7636, S256).
   * @throws TypeError when the URL lacks a challenge or a state.
   */
  issueCode(authorizeUrl: string, account?: AccountName): string;
  /** Ends every code that was given and not redeemed yet. */
  expireCodes(): void;
  readonly ledger: TokenLedger;
  readonly faults: FaultQueue;
}

/** Seconds; the longest RFC 6749 §4.1.2 recommends. */
const TEN_MINUTES = 600;

const tokenRequest = z.discriminatedUnion("grant_type", [
  z.looseObject({
    grant_type: z.literal("refresh_token"),
    refresh_token: z.string().min(1),
    client_id: z.string().min(1),
    scope: z.string().optional(),
    expires_in: z.coerce.number().int().positive().optional(),
  }),
  z.looseObject({
    grant_type: z.literal("authorization_code"),
    code: z.string().min(1),
    code_verifier: z.string().min(1),
    client_id: z.string().min(1),
    redirect_uri: z.string().optional(),
    expires_in: z.coerce.number().int().positive().optional(),
  }),
]);
type TokenRequest = z.infer<typeof tokenRequest>;

export function authority(options: AuthorityOptions): Authority {
  const { now, random, sleep, faults = faultQueue(), codeLife = TEN_MINUTES } = options;
  const ledger = tokenLedger(options);
  const codes = authorizationCodes({ now, random, life: codeLife });
  const pages = authorizationEndpoint(codes);

  function issueCode(authorizeUrl: string, account = USUAL_ACCOUNT): string {
    const query = new URL(authorizeUrl).searchParams;
    const challenge = query.get("code_challenge");
    const state = query.get("state");
    if (!challenge || !state || query.get("code_challenge_method") !== "S256")
      throw new TypeError("the authorization URL has no S256 code_challenge or no state");
    const request = {
      clientId: query.get("client_id"),
      redirectUri: query.get("redirect_uri"),
      scopes: (query.get("scope") ?? "user:inference").split(" "),
      challenge,
      state,
    };
    return `${codes.issue(request, account)}#${state}`;
  }

  function redeem(
    request: Extract<TokenRequest, { grant_type: "authorization_code" }>,
  ): TokenAnswer {
    // Some clients send the pasted CODE#STATE as it is.
    const redeemed = codes.redeem({
      code: request.code.split("#")[0] ?? "",
      verifier: request.code_verifier,
      clientId: request.client_id,
      redirectUri: request.redirect_uri,
    });
    if ("refusal" in redeemed) return refused("invalid_grant", redeemed.refusal);
    ledger.counts.codes += 1;
    return granted(ledger.open({ ...redeemed, accessTokenLife: request.expires_in }));
  }

  function grant(request: TokenRequest, terms?: { readonly rotates: boolean }): TokenAnswer {
    if (request.grant_type === "authorization_code") return redeem(request);
    const { refresh_token: token, scope, expires_in: expiresIn } = request;
    const result = ledger.refresh(token, { scope, expiresIn, rotates: terms?.rotates });
    return "error" in result ? refused(result.error, result.description) : granted(result);
  }

  function granted(issue: Issue): TokenAnswer {
    return { status: 200, body: bodyOf(issue, now()) };
  }

  async function token(request: Request, note: Note): Promise<Response> {
    const fields = await readFields(request);
    note({
      grantType: textAt(fields, "grant_type"),
      refreshToken: textAt(fields, "refresh_token"),
    });
    const fault = faults.take("token");
    note({ fault: fault?.name ?? null });
    const parsed = tokenRequest.safeParse(fields);
    const commit = (terms?: { readonly rotates: boolean }) =>
      parsed.success ? grant(parsed.data, terms) : malformed(fields, parsed.error);
    return answerToken(commit, fault, sleep);
  }

  async function revoke(request: Request, note: Note): Promise<Response> {
    const fields = await readFields(request);
    const named = textAt(fields, "token");
    note({ refreshToken: named });
    if (named === null) return printAnswer(refused("invalid_request", "token is missing"));
    ledger.revoke(named);
    return printAnswer({ status: 200, body: {} });
  }

  async function fetch(request: Request, note: Note = () => undefined): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (isAuthorizationPath(pathname)) return pages.fetch(request);
    if (request.method !== "POST")
      return new Response(null, { status: 405, headers: { allow: "POST" } });
    if (pathname === "/v1/oauth/token") return token(request, note);
    if (pathname === "/v1/oauth/token/revoke") return revoke(request, note);
    return new Response(null, { status: 404 });
  }

  return { fetch, issueCode, expireCodes: () => codes.expireAll(), ledger, faults };
}

function bodyOf(issue: Issue, now: number): TokenAnswer["body"] {
  const account = ACCOUNTS[issue.account];
  return {
    token_type: "Bearer",
    access_token: issue.accessToken,
    expires_in: secondsUntil(issue.expiresAt, now),
    refresh_token: issue.refreshToken,
    refresh_token_expires_in: secondsUntil(issue.loginEndsAt, now),
    scope: issue.scopes.join(" "),
    account: { uuid: account.uuid, email_address: account.email },
    organization: { uuid: account.organizationUuid, name: account.organizationName },
  };
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, Math.floor((time - now) / 1000));
}

type OauthError = Refusal["error"] | "invalid_request" | "unsupported_grant_type";

function refused(error: OauthError, description: string): TokenAnswer {
  return { status: 400, body: { error, error_description: description } };
}

function malformed(fields: Fields, error: z.ZodError): TokenAnswer {
  const grantType = textAt(fields, "grant_type");
  if (grantType !== null && grantType !== "refresh_token" && grantType !== "authorization_code")
    return refused("unsupported_grant_type", "Use refresh_token or authorization_code");
  const wrong = error.issues.map(({ path }) => path.join(".")).join(", ");
  return refused("invalid_request", `Missing or malformed: ${wrong}`);
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads a JSON or form body; what is neither has no fields. */
async function readFields(request: Request): Promise<Fields> {
  const text = await request.text();
  if (request.headers.get("content-type")?.includes("x-www-form-urlencoded"))
    return Object.fromEntries(new URLSearchParams(text));
  try {
    const value: unknown = JSON.parse(text);
    return z.record(z.string(), z.unknown()).safeParse(value).data ?? {};
  } catch {
    return {};
  }
}

function textAt(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === "string" ? value : null;
}
