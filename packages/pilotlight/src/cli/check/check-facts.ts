import { readSettings } from "../../claude/precedence/settings.ts";
import type { CheckFacts } from "../../core/check-state.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { Source } from "../../core/login-status.ts";
import { type TokenFlaw, tokenFlaw } from "../../core/token-flaw.ts";
import type { Config, LoginConfig } from "../config.ts";
import { stateOf } from "../state-of.ts";
import { isReadOnly, statusReport } from "../status-report.ts";

/** Looks at one login as a job of it would find things here. No write, no network, no process. */
export async function checkFacts(
  config: Config,
  login: LoginConfig,
  now: number,
): Promise<CheckFacts> {
  const { effective, logins } = await statusReport(config, [login], now);
  const [status] = logins;
  if (status === undefined) throw new PilotlightError("bug", "a status without its login");
  const { settingsFile } = stateOf(config, login).locations;
  const settings = await readSettings(settingsFile);
  const { source } = effective;
  const isSettings =
    source in settings.env || (source === "apiKeyHelper" && settings.apiKeyHelper !== null);
  const place = isSettings ? `${source} (in ${settingsFile})` : source;
  const isStored = source === "claude-file" || source === "claude-keychain";
  const isUnused = status.path !== null && status.phase !== "absent" && !isStored;
  const flaw = flawOf(source, { ...config.env, ...settings.env });
  return {
    status,
    shadowedBy: isUnused ? (source === "none" ? "no credential at all" : place) : null,
    isReadOnly: status.path !== null && (await isReadOnly(status.path)),
    flaw: flaw && { ...flaw, text: `${place} ${flaw.text}` },
  };
}

/** What is wrong with the looks of the token that `source` names in `env`, if it is a variable that holds one. */
function flawOf(
  source: Source,
  env: Readonly<Record<string, string | undefined>>,
): TokenFlaw | null {
  const token = env[source] ?? "";
  if (token === "") return null;
  switch (source) {
    case "CLAUDE_CODE_OAUTH_TOKEN":
      return tokenFlaw(token, "oauth-access", true);
    case "ANTHROPIC_API_KEY": {
      const flaw = tokenFlaw(token, "api-key", true);
      // A gateway has keys of its own.
      return flaw?.severity === "warning" && env["ANTHROPIC_BASE_URL"] ? null : flaw;
    }
    default:
      return null;
  }
}
