import { createHash } from "node:crypto";

const VERIFIER = "TEST-verifier-0123456789-0123456789-0123456789";
const REDIRECT = "https://platform.claude.com/oauth/code/callback";

/** A link as Claude Code 2.1.329 prints it; `null` leaves a parameter out. */
export function aLink(
  changes: Readonly<Record<string, string | null>> = {},
  verifier = VERIFIER,
): string {
  const fields: Record<string, string | null> = {
    code: "true",
    client_id: "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
    response_type: "code",
    redirect_uri: REDIRECT,
    scope: "user:profile user:inference",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state: "TESTstate",
    ...changes,
  };
  const url = new URL("https://claude.com/cai/oauth/authorize");
  for (const [name, value] of Object.entries(fields))
    if (value !== null) url.searchParams.set(name, value);
  return url.href;
}

/** The body that redeems a code of `aLink()`. */
export function redemption(code: string, verifier = VERIFIER): object {
  return {
    grant_type: "authorization_code",
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT,
    client_id: "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
  };
}
