import { tokenKindOf } from "../../core/credential.ts";
import { type TokenFlaw, tokenFlaw } from "../../core/token-flaw.ts";
import type { Environment } from "../locations.ts";
import { gatewayIn } from "./gateway-in.ts";

const OAUTH_BEARER =
  "holds an OAuth token, which the API refuses there: it is sent without the OAuth beta header";

/** What is wrong with the looks of the token in a variable; `null` where nothing shows, or it holds none. */
export function variableFlaw(name: string, env: Environment): TokenFlaw | null {
  const token = env[name] ?? "";
  if (token === "") return null;
  switch (name) {
    case "CLAUDE_CODE_OAUTH_TOKEN":
      return tokenFlaw(token, "oauth-access", true);
    case "ANTHROPIC_API_KEY": {
      const flaw = tokenFlaw(token, "api-key", true);
      // A gateway has keys of its own.
      return flaw?.severity === "warning" && gatewayIn(env) !== null ? null : flaw;
    }
    case "ANTHROPIC_AUTH_TOKEN": {
      const isOauth = ["oauth-access", "oauth-refresh"].includes(tokenKindOf(token.trim()));
      if (isOauth) return { severity: "failure", text: OAUTH_BEARER };
      const flaw = tokenFlaw(token, "api-key", true);
      return flaw?.severity === "failure" ? flaw : null;
    }
    default:
      return null;
  }
}
