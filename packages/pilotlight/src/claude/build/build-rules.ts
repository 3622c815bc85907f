/** How a build of Claude Code differs from older ones where it looks for its credential. */
export interface BuildRules {
  /** Reads ANTHROPIC_PROFILE, federation variables and the profiles of ANTHROPIC_CONFIG_DIR. */
  readonly readsProfiles: boolean;
  /** Takes a credential variable of nothing but white space for unset. */
  readonly trimsBlanks: boolean;
  /** Ignores a setup-token and CLAUDE_CODE_SIMPLE in a project's own settings. */
  readonly guardsProjects: boolean;
  /** Holds CLAUDE_CODE_OAUTH_TOKEN to CLAUDE_CODE_OAUTH_SCOPES. */
  readonly readsScopes: boolean;
  /** Takes its login from CLAUDE_SECURESTORAGE_CONFIG_DIR. */
  readonly movesStorage: boolean;
  /** Sends nothing where the stored login was blanked and there is no other credential. */
  readonly stopsAtBlanked: boolean;
  /** Does not start with managed settings that are not JSON. */
  readonly needsManaged: boolean;
  /** Does not start with a key where managed settings force a login. */
  readonly forcesLogin: boolean;
  /** Knows CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD. */
  readonly knowsGoogleCloud: boolean;
}

interface Change {
  /** The oldest build measured with it. */
  readonly since: string;
  /** The newest build measured without it; what lies between is not measured. */
  readonly notIn: string;
  readonly what: string;
}

/** What a repository's settings may not set, on every build measured (2026-11). */
const GUARDED_ALWAYS = [
  "ANTHROPIC_FEDERATION_RULE_ID",
  "ANTHROPIC_IDENTITY_TOKEN",
  "ANTHROPIC_IDENTITY_TOKEN_FILE",
  "ANTHROPIC_ORGANIZATION_ID",
  "ANTHROPIC_PROFILE",
];

/** What they may not set since a later build. */
const GUARDED_LATER = ["CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_SIMPLE"];

/**
 * The variables that Claude Code ignores in a project's own settings, shared or local. Where a credential
 * file is there, older builds have looked at it before they come to such a setup-token (measured 2026-11).
 */
export function guardedBy(
  { guardsProjects }: BuildRules,
  hasLoginFile: boolean,
): readonly string[] {
  if (guardsProjects) return [...GUARDED_ALWAYS, ...GUARDED_LATER];
  return hasLoginFile ? [...GUARDED_ALWAYS, "CLAUDE_CODE_OAUTH_TOKEN"] : GUARDED_ALWAYS;
}

/** Measured on 2.1.104, 2.1.216 and 2.1.329 (2026-11). */
export const CHANGES: Readonly<Record<keyof BuildRules, Change>> = {
  readsProfiles: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "reads Anthropic profiles and federation variables",
  },
  trimsBlanks: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "takes a credential variable of white space for unset",
  },
  guardsProjects: {
    since: "2.1.329",
    notIn: "2.1.216",
    what: `ignores ${GUARDED_LATER.join(" and ")} in a project's settings`,
  },
  readsScopes: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "does not use CLAUDE_CODE_OAUTH_TOKEN where CLAUDE_CODE_OAUTH_SCOPES lacks user:inference",
  },
  movesStorage: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "reads the login in CLAUDE_SECURESTORAGE_CONFIG_DIR",
  },
  stopsAtBlanked: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "sends nothing where the stored login was blanked and there is no credential but an x-api-key header of the user's own",
  },
  needsManaged: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "does not start with managed settings that are not JSON",
  },
  forcesLogin: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "does not start with a key where managed settings force a login",
  },
  knowsGoogleCloud: {
    since: "2.1.216",
    notIn: "2.1.104",
    what: "knows CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
  },
};

/** The rules of a build; those of the newest where `version` is not known. */
export function rulesOf(version: string | null): BuildRules {
  const has = (rule: keyof BuildRules) =>
    version === null || !isBefore(version, CHANGES[rule].since);
  return {
    readsProfiles: has("readsProfiles"),
    trimsBlanks: has("trimsBlanks"),
    guardsProjects: has("guardsProjects"),
    readsScopes: has("readsScopes"),
    movesStorage: has("movesStorage"),
    stopsAtBlanked: has("stopsAtBlanked"),
    needsManaged: has("needsManaged"),
    forcesLogin: has("forcesLogin"),
    knowsGoogleCloud: has("knowsGoogleCloud"),
  };
}

/** True when version `a` (`2.1.329`) comes before `b`. */
export function isBefore(a: string, b: string): boolean {
  return a.localeCompare(b, "en", { numeric: true }) < 0;
}
