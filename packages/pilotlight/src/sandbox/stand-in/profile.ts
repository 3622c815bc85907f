import { exchange, NoAnswer, objectIn } from "./exchange.ts";
import type { Setting } from "./setting.ts";

/** What the server says of the person behind an access token, as the newer build notes it. */
export interface Profile {
  readonly email: string | undefined;
  readonly organizationId: string | undefined;
  /** What stands in the credential beside the tokens. */
  readonly plan: object;
  /** What stands in `.claude.json`. */
  readonly oauthAccount: object;
}

/** ms. */
const TIMEOUT = 10_000;

/** Asks for the profile; `null` when there is none to be had. */
export async function profileOf(
  { sandbox, build }: Setting,
  accessToken: string,
): Promise<Profile | null> {
  try {
    const answer = await exchange({
      url: new URL("/api/oauth/profile", sandbox),
      method: "GET",
      headers: {
        authorization: `Bearer ${accessToken}`,
        "user-agent": `claude-code/${build.version}`,
      },
      timeout: TIMEOUT,
    });
    return answer.status === 200 ? profileIn(objectIn(answer.text)) : null;
  } catch (error) {
    if (error instanceof NoAnswer) return null;
    throw error;
  }
}

type Texts = Readonly<Record<string, string | undefined>>;

function profileIn(body: Readonly<Record<string, unknown>> | null): Profile {
  const account = (body?.["account"] ?? {}) as Texts;
  const organization = (body?.["organization"] ?? {}) as Texts;
  const ids = { accountUuid: account["uuid"], organizationUuid: organization["uuid"] };
  return {
    email: account["email"],
    organizationId: organization["uuid"],
    plan: {
      subscriptionType: organization["organization_type"]?.replace(/^claude_/, ""),
      subscriptionTypeSource: "profile",
      rateLimitTier: organization["rate_limit_tier"],
      ...ids,
    },
    oauthAccount: {
      ...ids,
      emailAddress: account["email"],
      organizationName: organization["name"],
      displayName: account["display_name"],
      fullName: account["full_name"],
    },
  };
}
