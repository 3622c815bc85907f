import type { Explanation } from "../../core/explanation.ts";
import type { Source } from "../../core/login-status.ts";
import { type Candidate, HELPER, TOKEN_VARIABLES } from "../precedence/precedence.ts";
import { type Facts, placeOf } from "./facts.ts";

type Shadowed = Explanation["shadowed"][number];

/** Every source that is there and not the one in use, strongest first, and why. */
export function shadowedIn(facts: Facts): Shadowed[] {
  const { candidates, unread, sent } = facts.ranking;
  const [winner, ...rest] = candidates;
  const entry = (candidate: Candidate, why: string): Shadowed => ({
    source: candidate.source,
    where: placeOf(candidate.via, facts),
    why,
  });
  return [
    ...overridden(facts),
    ...rest.map((one) => entry(one, sent.includes(one) ? sentToo(one, facts) : outranked(winner))),
    ...unread.map((one) => entry(one, bareWhy(facts))),
    ...unusable(facts),
  ];
}

function outranked(winner: Candidate | undefined): string {
  return `${winner?.source ?? "another source"} outranks it`;
}

function sentToo({ source }: Candidate, { ranking }: Facts): string {
  const isBearer = source === "apiKeyHelper" && ranking.sent[0]?.source === "ANTHROPIC_API_KEY";
  return `it is sent as well, in ${isBearer ? "authorization" : "x-api-key"}`;
}

function bareWhy({ args }: Facts): string {
  return args?.isBare === true
    ? "--bare does not read it"
    : "CLAUDE_CODE_SIMPLE does not read it, as --bare";
}

const SOURCES: Readonly<Record<string, Source>> = {
  ANTHROPIC_AUTH_TOKEN: "ANTHROPIC_AUTH_TOKEN",
  ANTHROPIC_API_KEY: "ANTHROPIC_API_KEY",
  ANTHROPIC_PROFILE: "profile",
  ANTHROPIC_FEDERATION_RULE_ID: "profile",
  [HELPER]: "apiKeyHelper",
  ...Object.fromEntries(TOKEN_VARIABLES.map((name) => [name, "CLAUDE_CODE_OAUTH_TOKEN"])),
};

/** Values that another place sets anew, or that stand where they do not count. */
function overridden({ processEnv, settings }: Facts): Shadowed[] {
  const found: Shadowed[] = [];
  for (const [name, source] of Object.entries(SOURCES)) {
    const origin = settings.origins[name];
    const why = `${origin} wins over it`;
    if (origin !== undefined && (processEnv[name] ?? "") !== "" && name !== HELPER)
      found.push({ source, where: `environment (${name})`, why });
    for (const weaker of settings.overridden ?? [])
      if (weaker.name === name)
        found.push({
          source,
          where: weaker.where,
          why: origin === undefined ? "it is unset" : why,
        });
    const ignored = settings.ignored?.[name];
    if (ignored !== undefined)
      found.push({ source, where: ignored, why: "a project's settings cannot set it here" });
  }
  return found;
}

function unusable({ login, profile, rules }: Facts): Shadowed[] {
  const found: Shadowed[] = [];
  if (login.trouble !== null)
    found.push({ source: login.source, where: login.where, why: login.trouble.why });
  if (profile !== null && profile.role === null && rules.readsProfiles)
    found.push({ source: "profile", where: profile.where, why: profile.trouble ?? "not usable" });
  if (profile !== null && !rules.readsProfiles)
    found.push({ source: "profile", where: profile.where, why: "this build reads no profiles" });
  return found;
}
