import { traitsOf } from "../../core/errors.ts";
import type { Warning } from "../../core/explanation.ts";
import { CHANGES } from "../build/build-rules.ts";
import { gatewayIn } from "../precedence/gateway-in.ts";
import { CUSTOM_HEADERS, customHeaders, HELPER, MANAGED_KEY } from "../precedence/precedence.ts";
import { type Facts, isKeptOut, placeOf, removalOf } from "./facts.ts";
import { helpers, one, type Rule, setupToken, tokenScopes, wrongKinds } from "./token-warnings.ts";

/** What will break, or do what nobody meant, in the order in which it matters. */
export function warningsOf(facts: Facts): Warning[] {
  return RULES.flatMap((rule) => rule(facts));
}

const settingsFaults: Rule = ({ settings }) =>
  (settings.faults ?? []).flatMap(({ place, why, isFatal }) =>
    one(
      "config_invalid",
      `${place}: ${why}; Claude Code ${isFatal ? "does not start" : "ignores the whole file without a word"}`,
      isFatal ? `correct ${place}` : `correct ${place}, or move it aside`,
    ),
  );

const storedTrouble: Rule = ({ ranking, login }) => {
  if (ranking.candidates.length > 0 || login.trouble === null) return [];
  const { code, why } = login.trouble;
  const isInTheWay = code === "credential_not_a_file";
  const fix = isInTheWay ? traitsOf(code).fix : "claude auth login";
  return one(code, `${login.where}: ${why}`, fix);
};

const shadowed: Rule = (facts) => {
  const [winner, ...rest] = facts.ranking.candidates;
  const login = rest.find(({ source }) => source === facts.login.source);
  if (winner === undefined || login === undefined || winner.billing === "subscription") return [];
  const message = `${placeOf(winner.via, facts)} wins over the stored login, and is billed instead of it`;
  return one("credential_shadowed", message, removalOf(winner.via, facts));
};

/** A token in the environment is a subscription as well; that it hides a sign-in is still a surprise (FM-47). */
const staleToken: Rule = (facts) => {
  const [winner, ...rest] = facts.ranking.candidates;
  const login = rest.find(({ source }) => source === facts.login.source);
  if (winner?.source !== "CLAUDE_CODE_OAUTH_TOKEN" || login === undefined) return [];
  const message = `${placeOf(winner.via, facts)} wins over the stored login: signing in changes nothing`;
  return one("credential_shadowed", message, removalOf(winner.via, facts));
};

const twoCredentials: Rule = (facts) => {
  const [first, second] = facts.ranking.sent;
  if (first === undefined || second === undefined) return [];
  const places = [first, second].map(({ via }) => placeOf(via, facts)).join(" and ");
  // Measured on 2.1.104, 2.1.216 and 2.1.329 (2026-11).
  const isLate = first.source === "ANTHROPIC_AUTH_TOKEN" && second.via === HELPER;
  const late = isLate
    ? "; a slow helper is not waited for, so the first request may lack its key"
    : "";
  const message = `${places} are both sent, in two headers; which of them counts is the server's choice${late}`;
  return one("two_credentials", message, removalOf(second.via, facts));
};

const bare: Rule = (facts) => {
  const { ranking, isBare, args } = facts;
  if (!isBare || ranking.unread.length === 0 || ranking.candidates.length > 0) return [];
  const names = ranking.unread.map(({ source }) => source).join(", ");
  const flag = args?.isBare === true ? "--bare" : "CLAUDE_CODE_SIMPLE";
  const fix =
    flag === "--bare"
      ? "leave --bare out, or set ANTHROPIC_API_KEY"
      : removalOf("CLAUDE_CODE_SIMPLE", facts);
  return one(
    "bare_reads_no_login",
    `${flag} does not read ${names}: the job is not logged in`,
    fix,
  );
};

/** With `-p` a key is always used; a session on a terminal asks for it once, and remembers a no. */
const approval: Rule = (facts) => {
  const { ranking, args } = facts;
  if (args?.isPrint === true || !ranking.sent.some(({ via }) => via === "ANTHROPIC_API_KEY"))
    return [];
  const message =
    "a session on a terminal asks once whether to use the key, and goes on with the next source after a no; with -p the key is always used";
  return one("key_needs_approval", message, removalOf("ANTHROPIC_API_KEY", facts));
};

const overridden: Rule = (facts) => {
  const { ranking, processEnv, settings } = facts;
  return ranking.sent.flatMap(({ via }) => {
    const origin = settings.origins[via];
    if (origin === undefined || (processEnv[via] ?? "") === "") return [];
    const message = `${origin} wins over ${via} of the environment`;
    return one("settings_over_environment", message, removalOf(via, facts));
  });
};

/** Settings can also unset what the environment sets. */
const unset: Rule = ({ processEnv, settings }) =>
  Object.entries(settings.env)
    .filter(([name, value]) => value === "" && (processEnv[name] ?? "") !== "")
    .filter(([name]) => /^(ANTHROPIC|CLAUDE_CODE)_/.test(name))
    .flatMap(([name]) =>
      one(
        "settings_over_environment",
        `${settings.origins[name]} unsets ${name} of the environment`,
        `remove ${name} from ${settings.origins[name]}`,
      ),
    );

const gateway: Rule = (facts) => {
  const { env, ranking } = facts;
  const [winner] = ranking.candidates;
  if (gatewayIn(env) === null) return [];
  if (winner === undefined || winner.billing === "cloud") return [];
  const place = placeOf("ANTHROPIC_BASE_URL", facts);
  const whose = winner.billing === "subscription" ? "the subscription's token" : "the credential";
  const message = `${place} sends ${whose} (${winner.source}) to a gateway, and not to Anthropic`;
  return one("gateway", message, removalOf("ANTHROPIC_BASE_URL", facts));
};

const ownHeaders: Rule = (facts) => {
  const names = customHeaders(facts.env[CUSTOM_HEADERS] ?? "");
  const [winner] = facts.ranking.candidates;
  if (names.length === 0 || winner?.billing === "cloud") return [];
  const message = `${placeOf(CUSTOM_HEADERS, facts)} sets ${names.join(" and ")} itself, in place of what would be sent there`;
  return one("custom_headers", message, removalOf(CUSTOM_HEADERS, facts));
};

const profiles: Rule = (facts) => {
  const { profile, ranking, rules } = facts;
  const isNamed = (facts.env["ANTHROPIC_PROFILE"] ?? "").trim() !== "";
  if (profile === null || profile.trouble === null || !rules.readsProfiles) return [];
  const isUsed = ranking.candidates[0]?.source === "profile";
  if (!isUsed && !(isNamed && profile.role === null)) return [];
  const what = isUsed ? "is used, and will fail" : "is passed over without a word";
  const message = `the profile (${profile.where}) ${what}: ${profile.trouble}`;
  const fix = isNamed ? removalOf("ANTHROPIC_PROFILE", facts) : "sign in to the profile again";
  return one("profile_unusable", message, fix);
};

const ineffective: Rule = (facts) => {
  const refresh = "CLAUDE_CODE_OAUTH_REFRESH_TOKEN";
  if ((facts.env[refresh] ?? "") === "") return [];
  const message = `${placeOf(refresh, facts)} is for \`claude auth login\` only; a job does not read it`;
  return one("ignored_here", message, "claude auth login, once, with that variable");
};

const forceLogin: Rule = (facts) => {
  const { settings, ranking } = facts;
  const [winner] = ranking.candidates;
  const setting = settings.forceLoginMethod ?? settings.forceLoginOrg;
  if (setting === undefined || winner?.billing !== "api") return [];
  const place = `${setting.place} forces a login`;
  if (isKeptOut(facts)) {
    const message = `${place}, so Claude Code does not start with ${winner.source}`;
    return one("force_login", message, `${removalOf(winner.via, facts)}, and claude auth login`);
  }
  const message = `${place}, and a job uses ${winner.source} all the same`;
  return one("ignored_here", message, removalOf(winner.via, facts));
};

/** Where the build is not known, what an older one makes of the same. */
const builds: Rule = (facts) => {
  const { build, env, settings, profile, ranking } = facts;
  if (build !== null) return [];
  const concerns: Readonly<Record<keyof typeof CHANGES, boolean>> = {
    readsProfiles: profile?.role != null,
    trimsBlanks: false,
    guardsProjects: settings.ignored !== undefined,
    readsScopes:
      (env["CLAUDE_CODE_OAUTH_SCOPES"] ?? "") !== "" &&
      (env["CLAUDE_CODE_OAUTH_TOKEN"] ?? "") !== "",
    movesStorage: (facts.processEnv["CLAUDE_SECURESTORAGE_CONFIG_DIR"] ?? "") !== "",
    stopsAtBlanked: false,
    needsManaged:
      settings.faults?.some(({ isFatal, place }) => isFatal && !place.startsWith("--")) === true,
    forcesLogin: isKeptOut(facts),
    knowsGoogleCloud: ranking.candidates[0]?.via === "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
  };
  return Object.entries(CHANGES)
    .filter(([rule]) => concerns[rule as keyof typeof CHANGES])
    .flatMap(([, { since, notIn, what }]) =>
      one(
        "builds_differ",
        `Claude Code ${what} (seen from ${since} on, and not in ${notIn}); which build runs here is not known`,
        "name the build's path after --, or in PILOTLIGHT_CLAUDE",
      ),
    );
};

const consoleKey: Rule = (facts) => {
  const [winner] = facts.ranking.candidates;
  if (winner?.via !== MANAGED_KEY) return [];
  const message = `${placeOf(MANAGED_KEY, facts)} is a key of the Console: the API account is billed`;
  return one("credential_shadowed", message, "claude auth login --claudeai");
};

const RULES: readonly Rule[] = [
  settingsFaults,
  wrongKinds,
  storedTrouble,
  bare,
  shadowed,
  staleToken,
  consoleKey,
  profiles,
  gateway,
  ownHeaders,
  twoCredentials,
  helpers,
  overridden,
  unset,
  forceLogin,
  approval,
  tokenScopes,
  setupToken,
  ineffective,
  builds,
];
