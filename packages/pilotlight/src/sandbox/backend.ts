import { fingerprintOf } from "../claude/fingerprint.ts";
import type { Fingerprint } from "../core/credential.ts";
import type { AccountName } from "./accounts.ts";
import { authority, type AuthorityOptions } from "./authority.ts";
import { isAuthorizationPath } from "./authorization/authorization-endpoint.ts";
import { type CredentialsDocument, credentialsDocument } from "./credentials-document.ts";
import type { Fault } from "./fault.ts";
import { messagesApi, type MessagesApiOptions } from "./messages-api.ts";
import { type LogEntry, type LoggedRequest, requestLog } from "./request-log.ts";
import type { AccessState, GrantCounts } from "./token-ledger.ts";

export interface SignInOptions {
  /** Seconds; 0 makes a token that has already ended. */
  readonly accessTokenLife?: number | undefined;
  /** Seconds. */
  readonly loginLife?: number | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** `person` unless given. */
  readonly account?: AccountName | undefined;
}

/** A login as the sandbox shows it, without its tokens. Times are epoch ms. */
export interface SandboxLogin {
  readonly accessToken: Fingerprint;
  readonly refreshToken: Fingerprint;
  readonly expiresAt: number;
  readonly loginEndsAt: number;
  readonly scopes: readonly string[];
  readonly account: AccountName;
  readonly access: AccessState;
  readonly state: "live" | "ended" | "revoked";
}

/** What a test does to the server, and asks of it. */
export interface Controls {
  /** Opens a login, as a person at the consent page would, and writes it down as `claude auth login` does. */
  signIn(options?: SignInOptions): CredentialsDocument;
  /**
   * Gives the `CODE#STATE` for the URL that `claude auth login` prints, as its page would to whom `account` names
   * (`person` unless given). @throws TypeError for any other text.
   */
  issueCode(authorizeUrl: string, account?: AccountName): string;
  /** Ends every code that was given and not redeemed yet. */
  expireCodes(): void;
  /** Revokes an access token ahead of its end; the current one of every login unless named. */
  revokeAccess(accessToken?: string): void;
  /** Ends every login now, or the one with this refresh token. Its access token lives on until its own end. */
  endLogin(refreshToken?: string): void;
  fault(fault: Fault): void;
  clearFaults(): void;
  /** The faults that still wait for requests. */
  faults(): readonly Fault[];
  /** Every request since the start, oldest first (the last 10,000). */
  requests(): readonly LoggedRequest[];
  /** The requests to the token endpoint among them. */
  tokenPosts(): readonly LoggedRequest[];
  grants(): GrantCounts;
  logins(): readonly SandboxLogin[];
}

export interface BackendOptions
  extends AuthorityOptions, Pick<MessagesApiOptions, "reply" | "shouldRetry"> {}

/** The whole server without any socket: authority, API and log. */
export interface Backend {
  readonly controls: Controls;
  /** Serves and logs a request. @throws DroppedConnection where there is to be no answer. */
  serve(face: LoggedRequest["face"], request: Request): Promise<Response>;
  /** Logs a proxy request that got no further. */
  refused(method: string, host: string): void;
}

const TOKEN_PATH = "/v1/oauth/token";
const USUAL_SCOPES = ["user:inference", "user:profile", "user:sessions:claude_code"];

export function backend(options: BackendOptions): Backend {
  const oauth = authority(options);
  const { ledger, faults } = oauth;
  const api = messagesApi({ ...options, ledger, faults });
  const log = requestLog(options.now);

  async function serve(face: LoggedRequest["face"], request: Request): Promise<Response> {
    const entry = log.open(face, request);
    const { pathname } = new URL(request.url);
    const isOauth = pathname.startsWith(TOKEN_PATH) || isAuthorizationPath(pathname);
    const { note } = entry;
    return settle(entry, isOauth ? oauth.fetch(request, note) : api.fetch(request, note));
  }

  const controls: Controls = {
    signIn: (terms = {}) =>
      credentialsDocument(ledger.open({ scopes: USUAL_SCOPES, ...given(terms) })),
    issueCode: (authorizeUrl, account) => oauth.issueCode(authorizeUrl, account),
    expireCodes: () => oauth.expireCodes(),
    revokeAccess: (accessToken) => ledger.revokeAccess(accessToken),
    endLogin: (refreshToken) => ledger.endLogin(refreshToken),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    faults: () => faults.list(),
    requests: () => log.list(),
    tokenPosts: () => log.list().filter(isTokenPost),
    grants: () => ({ ...ledger.counts }),
    logins: () =>
      ledger.logins().map((login) => ({
        ...login,
        accessToken: fingerprintOf(login.accessToken),
        refreshToken: fingerprintOf(login.refreshToken),
      })),
  };
  return { serve, refused: (method, host) => log.refused(method, host), controls };
}

async function settle(entry: LogEntry, answer: Response | Promise<Response>): Promise<Response> {
  try {
    const response = await answer;
    entry.answered(response.status);
    return response;
  } catch (error) {
    entry.dropped();
    throw error;
  }
}

function isTokenPost({ method, path }: LoggedRequest): boolean {
  return method === "POST" && path === TOKEN_PATH;
}

function given({ scopes, ...terms }: SignInOptions) {
  return scopes === undefined ? terms : { ...terms, scopes };
}
