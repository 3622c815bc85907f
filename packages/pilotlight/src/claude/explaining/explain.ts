import { join } from "node:path";
import { type Entry, isBlanked } from "../../core/credential.ts";
import type { Billing, Explanation } from "../../core/explanation.ts";
import { readAnthropicProfile } from "../anthropic-profile.ts";
import { type BuildRules, rulesOf } from "../build-rules.ts";
import type { ClaudeArguments } from "../claude-arguments.ts";
import { readWords } from "../claude-options.ts";
import { type JobSettings, readJobSettings } from "../job-settings.ts";
import type { Environment, Locations } from "../locations.ts";
import { CUSTOM_HEADERS, isYes, rankSources, type StoredSource } from "../precedence.ts";
import { type Facts, isKeptOut, placeOf } from "./facts.ts";
import { shadowedIn } from "./shadowed.ts";
import { hasConsoleKey, loginTrouble } from "./stored-login.ts";
import { warningsOf } from "./warnings.ts";

/** Where an explanation looks. Nothing is written, started or asked over the network. */
export interface Place {
  readonly env: Environment;
  readonly home: string;
  readonly cwd: string;
  readonly locations: Locations;
  readonly entry: Entry;
  readonly storedSource: StoredSource;
  /** `null` where no command line was given, or one of another program. */
  readonly args: ClaudeArguments | null;
  /** The version of Claude Code, where it is known. */
  readonly build: string | null;
  /** Epoch ms. */
  readonly now: number;
  readonly managedFile?: string | undefined;
}

/** Explains which credential Claude Code uses at a place, what it sends, and why no other. */
export async function explain(place: Place): Promise<Explanation> {
  const facts = await factsAt(place);
  const { candidates, headers } = facts.ranking;
  const [winner] = candidates;
  const warnings = warningsOf(facts);
  return {
    schema: "pilotlight.explain/v1",
    winner: {
      source: winner?.source ?? "none",
      where: winner === undefined ? nowhere(facts) : placeOf(winner.via, facts),
      headers: isSendable(facts) ? headers : [],
      billing: winner?.billing ?? billingOfHeaders(headers),
    },
    shadowed: shadowedIn(facts),
    warnings:
      winner === undefined && headers.length === 0 && warnings.length === 0
        ? [NOT_LOGGED_IN]
        : warnings,
  };
}

const NOT_LOGGED_IN = {
  code: "no_credential",
  message: "there is no credential here: Claude Code says that it is not logged in",
  fix: "claude auth login",
} as const;

/** What makes headers where no source is there. */
function nowhere(facts: Facts): string {
  const variables = [CUSTOM_HEADERS, "ANTHROPIC_AUTH_TOKEN"];
  const [via] = variables.filter((name) => facts.env[name] !== undefined);
  return facts.ranking.headers.length > 0 && via !== undefined ? placeOf(via, facts) : "nowhere";
}

function billingOfHeaders(headers: readonly string[]): Billing {
  return headers.length > 0 ? "api" : "none";
}

async function factsAt(place: Place): Promise<Facts> {
  const { env: processEnv, locations, home, args, build, now, entry } = place;
  const rules = rulesOf(build);
  const settings = await settingsAt(place, rules);
  const env = { ...processEnv, ...settings.env };
  const stateFile = join(
    processEnv["CLAUDE_CONFIG_DIR"] ? locations.configDir : home,
    ".claude.json",
  );
  const profile = await readAnthropicProfile(env, home, now);
  const login = {
    source: place.storedSource,
    where: placeOfLogin(place),
    trouble: loginTrouble(entry),
  };
  const isStored = entry.state === "present" && login.trouble === null;
  const isBare = args?.isBare === true || isYes(env["CLAUDE_CODE_SIMPLE"] ?? "");
  const ranking = rankSources({
    env: processEnv,
    settings,
    stored: isStored ? login.source : null,
    isBare,
    hasManagedKey: await hasConsoleKey(stateFile),
    profile: profile?.role ?? null,
    rules,
  });
  const given = { processEnv, env, settings, args, isBare, build, rules };
  const isStarted = (settings.faults ?? []).every(({ isFatal }) => !isFatal);
  const stopped = { candidates: [], unread: ranking.candidates, sent: [], headers: [] };
  return { ...given, ranking: isStarted ? ranking : stopped, profile, entry, login, stateFile };
}

function settingsAt(place: Place, rules: BuildRules): Promise<JobSettings> {
  const { locations, cwd, args, managedFile } = place;
  return readJobSettings({
    userFile: locations.settingsFile,
    cwd,
    flag: args?.settings ?? null,
    sources: sourcesIn(args),
    managedFile,
    rules,
    hasLoginFile:
      place.entry.state !== "absent" && (place.env["CLAUDE_CODE_OAUTH_TOKEN"] ?? "") === "",
  });
}

/** Which settings files a command line lets in; `null` for all. */
function sourcesIn(args: ClaudeArguments | null): string | null {
  const options = readWords(args?.arguments ?? []).filter((word) => word.kind === "option");
  if (options.some(({ name }) => name === "--restricted")) return "";
  return options.findLast(({ name }) => name === "--setting-sources")?.values[0] ?? null;
}

function placeOfLogin({ storedSource, locations }: Place): string {
  if (storedSource === "claude-keychain") return "Keychain (Claude Code-credentials)";
  return `${locations.credentialsFile} (claudeAiOauth)`;
}

/** A line break in a value, or a character beyond Latin-1, ends the request before it is sent (measured 2026-11). */
function isSendable(facts: Facts): boolean {
  const { ranking, env, profile, entry, isBare, rules } = facts;
  const [winner] = ranking.candidates;
  if (isKeptOut(facts)) return false;
  const isEnded = entry.state === "present" && isBlanked(entry.credential) && !isBare;
  const isBorne = ranking.headers.includes("authorization");
  if (winner === undefined && isEnded && !isBorne && rules.stopsAtBlanked) return false;
  if (winner?.source === "profile" && profile?.trouble !== null) return false;
  return ranking.sent.every(({ via }) => !/[^\x20-\x7e\x80-\xff\t]/.test((env[via] ?? "").trim()));
}
