import type { Entry } from "../../core/credential.ts";
import type { Change } from "../../core/explanation.ts";
import type { AnthropicProfile } from "../precedence/anthropic-profile.ts";
import type { BuildRules } from "../build/build-rules.ts";
import type { ClaudeArguments } from "../command-line/claude-arguments.ts";
import type { JobSettings } from "../precedence/job-settings.ts";
import type { Environment } from "../locations.ts";
import {
  type Candidate,
  HELPER,
  MANAGED_KEY,
  type Ranking,
  type StoredSource,
} from "../precedence/precedence.ts";
import type { LoginTrouble } from "./stored-login.ts";

/** All that an explanation is made of. It holds values of credentials, and must never print one. */
export interface Facts {
  readonly processEnv: Environment;
  /** With what settings put over it. */
  readonly env: Environment;
  readonly settings: JobSettings;
  /** `null` where the command line does not start Claude Code itself, or was not given. */
  readonly args: ClaudeArguments | null;
  readonly isBare: boolean;
  /** `null` where it is not known. */
  readonly build: string | null;
  readonly rules: BuildRules;
  readonly ranking: Ranking;
  readonly profile: AnthropicProfile | null;
  readonly entry: Entry;
  readonly login: {
    readonly source: StoredSource;
    readonly where: string;
    readonly trouble: LoginTrouble | null;
  };
  readonly stateFile: string;
}

/** Where the value of a source stands: file and key, or the variable. */
export function placeOf(via: string, facts: Facts): string {
  const { settings, login, profile, stateFile } = facts;
  if (via === login.source) return login.where;
  if (via === MANAGED_KEY) return `${stateFile} (${MANAGED_KEY})`;
  if (via === "active profile") return profile?.where ?? via;
  const origin = settings.origins[via];
  const variable = origin ?? (via === HELPER ? "settings (apiKeyHelper)" : `environment (${via})`);
  return via === "ANTHROPIC_PROFILE" && profile !== null
    ? `${variable}, ${profile.where}`
    : variable;
}

/** The one command or edit that takes a source away, as a phrase. */
export function removalOf(via: string, facts: Facts): string {
  return removing(via, facts).text;
}

/** What to do so that something else is used. */
export function changeOf({ via }: Candidate, facts: Facts): Change {
  if (via === MANAGED_KEY) return command("claude auth login --claudeai");
  if (via !== facts.login.source) return removing(via, facts);
  return edit("set ANTHROPIC_API_KEY; claude auth logout would take the MCP logins along");
}

function removing(via: string, { login, settings, profile }: Facts): Change {
  if (via === login.source || via === MANAGED_KEY) return command("claude auth logout");
  if (via === "active profile") return edit(`move ${profile?.where ?? "the profile"} aside`);
  const origin = settings.origins[via];
  if (origin === undefined) return command(`unset ${via}`);
  const key = via === HELPER ? via : `env.${via}`;
  return edit(`remove ${key} from ${origin.slice(0, -` (${key})`.length)}`);
}

function command(text: string): Change {
  return { kind: "command", text };
}

function edit(text: string): Change {
  return { kind: "edit", text };
}

/** Managed settings that force a login keep every key out, on builds that obey them (measured 2026-11). */
export function isKeptOut({ settings, ranking, rules }: Facts): boolean {
  const forced = [settings.forceLoginMethod, settings.forceLoginOrg];
  const isForced = forced.some((setting) => setting?.isManaged === true);
  const [winner] = ranking.candidates;
  const isKey = ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "apiKeyHelper"].includes(
    winner?.source ?? "",
  );
  return isForced && rules.forcesLogin && isKey;
}
