/** What the server does with a refresh token: the first two issue a new one, differing in what reuse brings. */
export type Policy = "revoke_family" | "reject_reuse" | "not_rotating";

/** The fields of a login as Claude Code stores them; times are epoch ms. */
export interface IssuedLogin {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
  readonly refreshTokenExpiresAt: number;
}

interface Family {
  readonly endsAt: number;
  isRevoked: boolean;
}

const HOUR = 3_600_000;
const ACCESS_LIFE = 8 * HOUR;
const LOGIN_LIFE = 30 * 24 * HOUR;

/** The token endpoint's memory (RFC 6749 §6, RFC 9700 §4.14). Its clock is right. */
export class Authority {
  readonly policy: Policy;
  readonly #now: () => number;
  readonly #refresh = new Map<string, { family: Family; isSpent: boolean }>();
  readonly #access = new Map<string, { family: Family; endsAt: number; isRevoked: boolean }>();
  #count = 0;

  /** @param now epoch ms */
  constructor(policy: Policy, now: () => number) {
    this.policy = policy;
    this.#now = now;
  }

  signIn(): IssuedLogin {
    const family = { endsAt: this.#now() + LOGIN_LIFE, isRevoked: false };
    return this.#issue(family, null);
  }

  refresh(token: string): IssuedLogin | "invalid_grant" {
    const known = this.#refresh.get(token);
    if (known === undefined || !isAlive(known.family, this.#now())) return "invalid_grant";
    if (known.isSpent) {
      if (this.policy === "revoke_family") known.family.isRevoked = true;
      return "invalid_grant";
    }
    if (this.policy === "not_rotating") return this.#issue(known.family, token);
    known.isSpent = true;
    return this.#issue(known.family, null);
  }

  /** True while the refresh token would be accepted. */
  isLive(token: string): boolean {
    const known = this.#refresh.get(token);
    return known !== undefined && !known.isSpent && isAlive(known.family, this.#now());
  }

  accepts(accessToken: string): boolean {
    const known = this.#access.get(accessToken);
    if (known === undefined || known.isRevoked || !isAlive(known.family, this.#now())) return false;
    return known.endsAt > this.#now();
  }

  /** Epoch ms; 0 for an unknown token. */
  loginEndOf(token: string): number {
    return this.#refresh.get(token)?.family.endsAt ?? 0;
  }

  revokeFamily(token: string): void {
    const known = this.#refresh.get(token);
    if (known !== undefined) known.family.isRevoked = true;
  }

  /** Revokes one access token early, and nothing else. */
  revokeAccess(accessToken: string): void {
    const known = this.#access.get(accessToken);
    if (known !== undefined) known.isRevoked = true;
  }

  #issue(family: Family, keptRefreshToken: string | null): IssuedLogin {
    this.#count += 1;
    const accessToken = `sk-ant-oat01-TEST-${this.#count}`;
    const refreshToken = keptRefreshToken ?? `sk-ant-ort01-TEST-${this.#count}`;
    const expiresAt = this.#now() + ACCESS_LIFE;
    this.#access.set(accessToken, { family, endsAt: expiresAt, isRevoked: false });
    if (keptRefreshToken === null) this.#refresh.set(refreshToken, { family, isSpent: false });
    return { accessToken, refreshToken, expiresAt, refreshTokenExpiresAt: family.endsAt };
  }
}

function isAlive(family: Family, now: number): boolean {
  return !family.isRevoked && family.endsAt > now;
}
