import { tokenKindOf } from "../../core/credential.ts";
import type { Warning, WarningCode } from "../../core/explanation.ts";
import { HELPER, mayInfer } from "../precedence/precedence.ts";
import { variableFlaw } from "../precedence/variable-flaw.ts";
import { type Facts, placeOf, removalOf } from "./facts.ts";

export type Rule = (facts: Facts) => readonly Warning[];

export function one(code: WarningCode, message: string, fix: string): readonly Warning[] {
  return [{ code, message, fix }];
}

/** What a token looks like says what it is for; nothing is known of what a helper will print. */
export const wrongKinds: Rule = (facts) => {
  const { ranking, env } = facts;
  return ranking.sent.flatMap(({ via }) => {
    const flaw = variableFlaw(via, env);
    if (flaw?.severity !== "failure") return [];
    const fix = fixOfKind(env[via] ?? "", via, facts);
    return one("wrong_credential", `${placeOf(via, facts)} ${flaw.text}`, fix);
  });
};

function fixOfKind(value: string, via: string, facts: Facts): string {
  switch (tokenKindOf(value.trim())) {
    case "oauth-access":
      return via === "CLAUDE_CODE_OAUTH_TOKEN"
        ? "copy the token again, in one piece"
        : `${removalOf(via, facts)}, and set CLAUDE_CODE_OAUTH_TOKEN to the token`;
    case "api-key":
      return via === "CLAUDE_CODE_OAUTH_TOKEN"
        ? `${removalOf(via, facts)}, and set ANTHROPIC_API_KEY to the key`
        : "copy the key again, in one piece";
    case "oauth-refresh":
      return `${removalOf(via, facts)}: a refresh token stays in the credential store`;
    case "unknown":
      return `${removalOf(via, facts)}, or copy it again in one piece`;
  }
}

/** A literal token in the command is the only thing to see of a helper without running it. */
export const helpers: Rule = (facts) => {
  const { ranking, settings } = facts;
  if (!ranking.sent.some(({ via }) => via === HELPER)) return [];
  const where = placeOf(HELPER, facts);
  const fix = removalOf(HELPER, facts);
  if (/sk-ant-o[ar]t/.test(settings.apiKeyHelper ?? ""))
    return one("wrong_credential", `${where} prints an OAuth token, which the API refuses`, fix);
  return one(
    "helper_runs",
    `${where} is run for every job, and one that fails is not made up for by another source`,
    `run the helper by hand once, or ${fix}`,
  );
};

/** A token that says of itself that it may not infer hides every login, and is not used. */
export const tokenScopes: Rule = (facts) => {
  const { env, rules, isBare } = facts;
  const scopes = env["CLAUDE_CODE_OAUTH_SCOPES"] ?? "";
  const isSet = (env["CLAUDE_CODE_OAUTH_TOKEN"] ?? "").trim() !== "";
  if (isBare || !rules.readsScopes || !isSet || mayInfer(scopes)) return [];
  const place = placeOf("CLAUDE_CODE_OAUTH_SCOPES", facts);
  const message = `${place} lacks user:inference: the token is not used, and neither are login and profile`;
  const fix = removalOf("CLAUDE_CODE_OAUTH_SCOPES", facts);
  return one(
    facts.ranking.candidates.length === 0 ? "scope_missing" : "ignored_here",
    message,
    fix,
  );
};

export const setupToken: Rule = ({ ranking }) => {
  if (ranking.candidates[0]?.source !== "CLAUDE_CODE_OAUTH_TOKEN") return [];
  const message =
    "a setup-token has the scope user:inference only (no profile, no remote control, no connectors of the account) and nothing refreshes it";
  return one("setup_token_limits", message, "claude auth login, for a job that needs more");
};
