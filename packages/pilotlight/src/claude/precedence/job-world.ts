import type { Entry } from "../../core/credential.ts";
import { isObject } from "../../core/json-object.ts";
import { type AnthropicProfile, readAnthropicProfile } from "./anthropic-profile.ts";
import { type BuildRules, rulesOf } from "../build/build-rules.ts";
import type { ClaudeArguments } from "../command-line/claude-arguments.ts";
import { type JobSettings, readJobSettings } from "./job-settings.ts";
import type { Environment, Locations } from "../locations.ts";
import { readSmallText } from "../../disk/read-small-text.ts";
import { isYes, MANAGED_KEY, type StoredSource, type World } from "./precedence.ts";

/** Where a job starts, as far as its credential goes. */
export interface JobPlace {
  readonly env: Environment;
  readonly home: string;
  readonly cwd: string;
  readonly locations: Locations;
  readonly entry: Entry;
  /** `null` where no command line was given, or one of another program. */
  readonly args: ClaudeArguments | null;
  /** The version of Claude Code, where it is known. */
  readonly build: string | null;
  /** Epoch ms. */
  readonly now: number;
  readonly managedFile?: string | undefined;
}

/** All that decides which credential a job uses, and where it stands. */
export interface JobWorld extends World {
  readonly settings: JobSettings;
  readonly isBare: boolean;
  readonly rules: BuildRules;
  readonly anthropicProfile: AnthropicProfile | null;
}

/**
 * Reads all that decides which credential a job uses: settings of every scope, profile and Console key.
 * Nothing is written, started or asked over the network. `stored` is where a login stands that counts.
 */
export async function jobWorld(place: JobPlace, stored: StoredSource | null): Promise<JobWorld> {
  const { env, home, locations, args, build, now } = place;
  const rules = rulesOf(build);
  const settings = await settingsAt(place, rules);
  const all: Environment = { ...env, ...settings.env };
  const anthropicProfile = await readAnthropicProfile(all, home, now);
  return {
    env,
    settings,
    stored,
    isBare: args?.isBare === true || isYes(all["CLAUDE_CODE_SIMPLE"] ?? ""),
    hasManagedKey: await hasConsoleKey(locations.stateFile),
    profile: anthropicProfile?.role ?? null,
    rules,
    anthropicProfile,
  };
}

function settingsAt(place: JobPlace, rules: BuildRules): Promise<JobSettings> {
  const { env, locations, cwd, args, entry, managedFile } = place;
  return readJobSettings({
    userFile: locations.settingsFile,
    cwd,
    flag: args?.settings ?? null,
    sources: args?.settingSources ?? null,
    managedFile,
    rules,
    hasLoginFile: entry.state !== "absent" && (env["CLAUDE_CODE_OAUTH_TOKEN"] ?? "") === "",
  });
}

/** Looks for the API key that a sign-in to the Console leaves in Claude Code's own state file. */
async function hasConsoleKey(stateFile: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(await readSmallText(stateFile));
    const key = isObject(value) ? value[MANAGED_KEY] : null;
    return typeof key === "string" && key !== "";
  } catch {
    return false;
  }
}
