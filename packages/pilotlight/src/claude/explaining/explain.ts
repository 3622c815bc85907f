import { isBlanked } from "../../core/credential.ts";
import type { Billing, Change, Explanation, Warning } from "../../core/explanation.ts";
import { type JobPlace, type JobWorld, jobWorld } from "../precedence/job-world.ts";
import { CUSTOM_HEADERS, rankSources, type StoredSource } from "../precedence/precedence.ts";
import { changeOf, type Facts, isKeptOut, placeOf } from "./facts.ts";
import { shadowedIn } from "./shadowed.ts";
import { loginTrouble } from "./stored-login.ts";
import { warningsOf } from "./warnings.ts";

/** Where an explanation looks. Nothing is written, started or asked over the network. */
export interface Place extends JobPlace {
  readonly storedSource: StoredSource;
}

/** Explains which credential Claude Code uses at a place, what it sends, and why no other. */
export async function explain(place: Place): Promise<Explanation> {
  return explainWorld(place, await jobWorld(place, null));
}

/** The same of a world that was read there before. */
export function explainWorld(place: Place, world: JobWorld): Explanation {
  const facts = factsOf(place, world);
  const { candidates, headers } = facts.ranking;
  const [winner] = candidates;
  const found = warningsOf(facts);
  const isNothing = winner === undefined && headers.length === 0 && found.length === 0;
  const warnings = isNothing ? [NOT_LOGGED_IN] : found;
  return {
    schema: "pilotlight.explain/v1",
    winner: {
      source: winner?.source ?? "none",
      where: winner === undefined ? nowhere(facts) : placeOf(winner.via, facts),
      headers: isSendable(facts) ? headers : [],
      billing: winner?.billing ?? billingOfHeaders(headers),
      change: winner === undefined ? remedyOf(warnings) : changeOf(winner, facts),
    },
    shadowed: shadowedIn(facts),
    warnings,
  };
}

const NOT_LOGGED_IN = {
  code: "no_credential",
  message: "there is no credential here: Claude Code says that it is not logged in",
  fix: "claude auth login",
} as const;

/** Where no source is used, the first that is wrong says what to do. */
function remedyOf([first = NOT_LOGGED_IN]: readonly Warning[]): Change {
  return { kind: first === NOT_LOGGED_IN ? "command" : "edit", text: first.fix };
}

/** What makes headers where no source is there. */
function nowhere(facts: Facts): string {
  const variables = [CUSTOM_HEADERS, "ANTHROPIC_AUTH_TOKEN"];
  const [via] = variables.filter((name) => facts.env[name] !== undefined);
  return facts.ranking.headers.length > 0 && via !== undefined ? placeOf(via, facts) : "nowhere";
}

function billingOfHeaders(headers: readonly string[]): Billing {
  return headers.length > 0 ? "api" : "none";
}

function factsOf(place: Place, world: JobWorld): Facts {
  const { env: processEnv, args, build, entry } = place;
  const login = {
    source: place.storedSource,
    where: placeOfLogin(place),
    trouble: loginTrouble(entry),
  };
  const isStored = entry.state === "present" && login.trouble === null;
  const { settings, isBare, rules, anthropicProfile: profile } = world;
  const ranking = rankSources({ ...world, stored: isStored ? login.source : null });
  const given = { processEnv, env: { ...processEnv, ...settings.env }, settings, args };
  const isStarted = (settings.faults ?? []).every(({ isFatal }) => !isFatal);
  const stopped = { candidates: [], unread: ranking.candidates, sent: [], headers: [] };
  const { stateFile } = place.locations;
  const about = { isBare, build, rules, profile, entry, login, stateFile };
  return { ...given, ...about, ranking: isStarted ? ranking : stopped };
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
