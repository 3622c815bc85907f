import { ACCOUNTS } from "./accounts.ts";
import type { Issue } from "./token-ledger.ts";

/** What Claude Code 2.1.329 writes to `.credentials.json` after `auth login` (measured 2026-11); times are epoch ms. */
export interface CredentialsDocument {
  readonly claudeAiOauth: {
    readonly accessToken: string;
    readonly refreshToken: string;
    readonly expiresAt: number;
    readonly refreshTokenExpiresAt: number;
    readonly scopes: readonly string[];
    readonly subscriptionType: string;
    readonly subscriptionTypeSource: "sign_in";
    readonly rateLimitTier: string;
    readonly accountUuid: string;
    readonly organizationUuid: string;
  };
}

export function credentialsDocument(issue: Issue): CredentialsDocument {
  const { uuid, organizationUuid } = ACCOUNTS[issue.account];
  return {
    claudeAiOauth: {
      accessToken: issue.accessToken,
      refreshToken: issue.refreshToken,
      expiresAt: issue.expiresAt,
      refreshTokenExpiresAt: issue.loginEndsAt,
      scopes: issue.scopes,
      subscriptionType: "max",
      subscriptionTypeSource: "sign_in",
      rateLimitTier: "default_claude_max_5x",
      accountUuid: uuid,
      organizationUuid,
    },
  };
}
