import { type AccountName, USUAL_ACCOUNT } from "./accounts.ts";

/** What happens to a login when a refresh token that was already spent comes again (RFC 9700 §4.14). */
export type ReusePolicy =
  /** `invalid_grant`; the current pair lives on. */
  | "reject"
  /** `invalid_grant`, and every token of the login is revoked. */
  | "revoke_family"
  /** For `graceMs` ms after it was spent the same answer is given again; then as `revoke_family`. */
  | { readonly graceMs: number };

export interface LedgerOptions {
  /** Epoch ms. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Life of an access token in seconds; 8 h unless told. */
  readonly accessTokenLife?: number | undefined;
  /** Life of a login in seconds from its sign-in, which refreshing does not move; 30 days unless told. */
  readonly loginLife?: number | undefined;
  /** `false`: a refresh brings a new access token and the same refresh token. */
  readonly rotates?: boolean | undefined;
  /** `revoke_family` unless told. */
  readonly reuse?: ReusePolicy | undefined;
  /** Whether a refresh revokes the access token before it at once; `true` unless told. */
  readonly revokesPreviousAccess?: boolean | undefined;
}

/** A pair of tokens as it is issued; times are epoch ms. */
export interface Issue {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
  readonly loginEndsAt: number;
  readonly scopes: readonly string[];
  /** Whose login it is. */
  readonly account: AccountName;
}

export interface Refusal {
  readonly error: "invalid_grant" | "invalid_scope";
  readonly description: string;
}

export type AccessState = "live" | "expired" | "revoked" | "unknown";

/** What has happened since the start. */
export interface GrantCounts {
  /** Refresh grants that issued a new access token. */
  readonly refreshes: number;
  /** Authorization codes redeemed. */
  readonly codes: number;
  /** Answers given again within the grace time. */
  readonly replays: number;
  /** Uses of a spent refresh token outside it. */
  readonly reuses: number;
  /** Logins revoked for a reuse. */
  readonly familiesRevoked: number;
}

/** One login: every token that came from one sign-in. */
interface Family {
  readonly account: AccountName;
  readonly scopes: readonly string[];
  loginEndsAt: number;
  revoked: boolean;
  current: Issue;
  readonly spent: Map<string, { readonly at: number; readonly next: Issue }>;
}

interface Access {
  readonly family: Family;
  readonly expiresAt: number;
  revoked: boolean;
}

interface SignInTerms {
  readonly scopes: readonly string[];
  /** `person` unless told. */
  readonly account?: AccountName | undefined;
  /** Seconds. */
  readonly accessTokenLife?: number | undefined;
  /** Seconds. */
  readonly loginLife?: number | undefined;
}

interface IssueTerms extends SignInTerms {
  readonly account: AccountName;
  /** Epoch ms. */
  readonly loginEndsAt: number;
  readonly refreshToken: string;
}

interface RefreshTerms {
  /** Seconds the client asks for. */
  readonly expiresIn?: number | undefined;
  readonly scope?: string | undefined;
  /** Overrides `rotates` for this grant. */
  readonly rotates?: boolean | undefined;
}

/** One login as `logins()` shows it. */
interface LedgerLogin extends Issue {
  readonly access: AccessState;
  readonly state: "live" | "ended" | "revoked";
}

export interface TokenLedger {
  open(terms: SignInTerms): Issue;
  refresh(token: string, terms: RefreshTerms): Issue | Refusal;
  accessState(token: string): AccessState;
  /** Whose login an access token came from; `null` for one that was never issued. */
  accountOf(accessToken: string): AccountName | null;
  /** Revokes a login by its refresh token, or one access token (RFC 7009); an unknown token is no error. */
  revoke(token: string): void;
  /** Revokes one access token, or the current one of every login. */
  revokeAccess(accessToken?: string): void;
  /** Ends every login now, or the one of this refresh token: its access token lives on until its own end. */
  endLogin(refreshToken?: string): void;
  logins(): readonly LedgerLogin[];
  readonly counts: Record<keyof GrantCounts, number>;
}

const EIGHT_HOURS = 28_800;
const THIRTY_DAYS = 2_592_000;
const TOKEN_LENGTH = 108;

/** Keeps who was issued what. In memory; a token's state is a function of the ledger and `now()`. */
export function tokenLedger(options: LedgerOptions): TokenLedger {
  const { now, rotates = true, reuse = "revoke_family", revokesPreviousAccess = true } = options;
  const families = new Map<string, Family>();
  const accesses = new Map<string, Access>();
  const counts = { refreshes: 0, codes: 0, replays: 0, reuses: 0, familiesRevoked: 0 };

  function mint(prefix: string): string {
    const body = Buffer.from(options.random(TOKEN_LENGTH)).toString("base64url");
    // TEST stands in every token, so that no scan of a log or a repository takes one for a real login.
    return `${prefix}TEST${body}`.slice(0, TOKEN_LENGTH);
  }

  function issue(terms: IssueTerms): Issue {
    const life = terms.accessTokenLife ?? options.accessTokenLife ?? EIGHT_HOURS;
    return {
      accessToken: mint("sk-ant-oat01-"),
      refreshToken: terms.refreshToken,
      expiresAt: now() + life * 1000,
      loginEndsAt: terms.loginEndsAt,
      scopes: terms.scopes,
      account: terms.account,
    };
  }

  function record(family: Family): void {
    const { accessToken, expiresAt, refreshToken } = family.current;
    accesses.set(accessToken, { family, expiresAt, revoked: false });
    families.set(refreshToken, family);
  }

  function open(terms: SignInTerms): Issue {
    const loginEndsAt = now() + (terms.loginLife ?? options.loginLife ?? THIRTY_DAYS) * 1000;
    const { scopes, account = USUAL_ACCOUNT } = terms;
    const refreshToken = mint("sk-ant-ort01-");
    const current = issue({ ...terms, account, loginEndsAt, refreshToken });
    const family = { account, scopes, loginEndsAt, revoked: false, current, spent: new Map() };
    record(family);
    return current;
  }

  function refresh(token: string, terms: RefreshTerms): Issue | Refusal {
    const family = families.get(token);
    if (family === undefined) return invalidGrant("Refresh token not found or invalid");
    if (family.revoked) return invalidGrant("Refresh token has been revoked");
    if (now() >= family.loginEndsAt) return invalidGrant("Refresh token expired");
    if (token !== family.current.refreshToken) return useAgain(family, token);
    const scopes = narrow(family.scopes, terms.scope);
    if (scopes.length === 0)
      return { error: "invalid_scope", description: "No requested scope was granted" };
    return rotate(family, { ...terms, scopes });
  }

  function rotate(family: Family, terms: RefreshTerms & { scopes: readonly string[] }): Issue {
    const { account, current, loginEndsAt } = family;
    const { scopes, expiresIn: accessTokenLife } = terms;
    const refreshToken = (terms.rotates ?? rotates) ? mint("sk-ant-ort01-") : current.refreshToken;
    const next = issue({ account, scopes, accessTokenLife, loginEndsAt, refreshToken });
    if (refreshToken !== current.refreshToken)
      family.spent.set(current.refreshToken, { at: now(), next });
    if (revokesPreviousAccess) revokeOne(current.accessToken);
    family.current = next;
    record(family);
    counts.refreshes += 1;
    return next;
  }

  function useAgain(family: Family, token: string): Issue | Refusal {
    const spent = family.spent.get(token);
    const graceMs = typeof reuse === "object" ? reuse.graceMs : 0;
    // Only the last answer is given again: an older one would bring back tokens that were rotated since.
    if (spent !== undefined && spent.next === family.current && now() < spent.at + graceMs) {
      counts.replays += 1;
      return spent.next;
    }
    counts.reuses += 1;
    if (reuse === "reject") return invalidGrant("Refresh token has already been used");
    counts.familiesRevoked += 1;
    family.revoked = true;
    return invalidGrant("Refresh token has already been used; the login was revoked");
  }

  function accessState(token: string): AccessState {
    const access = accesses.get(token);
    if (access === undefined) return "unknown";
    if (access.revoked || access.family.revoked) return "revoked";
    return now() >= access.expiresAt ? "expired" : "live";
  }

  function revokeOne(accessToken: string): void {
    const access = accesses.get(accessToken);
    if (access !== undefined) access.revoked = true;
  }

  function revoke(token: string): void {
    const family = families.get(token);
    if (family !== undefined) family.revoked = true;
    revokeOne(token);
  }

  function each(): ReadonlySet<Family> {
    return new Set(families.values());
  }

  return {
    open,
    refresh,
    accessState,
    accountOf: (accessToken) => accesses.get(accessToken)?.family.account ?? null,
    revoke,
    revokeAccess(accessToken) {
      if (accessToken !== undefined) revokeOne(accessToken);
      else for (const family of each()) revokeOne(family.current.accessToken);
    },
    endLogin(refreshToken) {
      const one = refreshToken === undefined ? undefined : families.get(refreshToken);
      const ending = refreshToken === undefined ? each() : one === undefined ? [] : [one];
      for (const family of ending) family.loginEndsAt = Math.min(family.loginEndsAt, now());
    },
    logins: () =>
      [...each()].map((family) => ({
        ...family.current,
        loginEndsAt: family.loginEndsAt,
        access: accessState(family.current.accessToken),
        state: family.revoked ? "revoked" : now() >= family.loginEndsAt ? "ended" : "live",
      })),
    counts,
  };
}

function invalidGrant(description: string): Refusal {
  return { error: "invalid_grant", description };
}

/** Claude Code asks for a fixed list, whatever was granted at sign-in; what was not granted is left out. */
function narrow(granted: readonly string[], requested: string | undefined): readonly string[] {
  if (requested === undefined) return granted;
  const wanted = new Set(requested.split(" "));
  return granted.filter((scope) => wanted.has(scope));
}
