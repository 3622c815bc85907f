/** The builds whose treatment of credentials the stand-in reproduces. */
export const STAND_IN_VERSIONS = ["2.1.104", "2.1.329"] as const;
export type StandInVersion = (typeof STAND_IN_VERSIONS)[number];

/** What differs between the builds. Everything here was measured in 2026-11; times are ms. */
export interface BuildBehaviour {
  readonly version: StandInVersion;
  /** The model it asks for unless told. */
  readonly model: string;
  /** What the short names of models stand for. */
  readonly modelNames: Readonly<Record<string, string>>;
  /** The user agent of its Messages requests, and of its token requests. */
  readonly agents: { readonly messages: string; readonly token: string };
  /** What it asks for in a refresh, whatever the file says. */
  readonly scope: string;
  /** What it asks for in a sign-in. */
  readonly signInScope: string;
  /** Does `auth login` take a code from a pipe? */
  readonly takesCode: boolean;
  /** How long it waits for the token endpoint. */
  readonly tokenTimeout: number;
  /** Does `CLAUDE_SECURESTORAGE_CONFIG_DIR` move the credential file and its locks? */
  readonly honoursSecureStorage: boolean;
  /** Temp file, fsync and rename; otherwise the file is truncated and written in place. */
  readonly replacesFile: boolean;
  /** Does an `invalid_grant` empty both tokens in the file? */
  readonly blanks: boolean;
  /** Does a refused access token lead to a refresh? */
  readonly refreshesWhenRefused: boolean;
  /** Do `mcp list` and `auth status` refresh? */
  readonly commandsRefresh: boolean;
  /** Is a 429 that names no used-up limit tried again? */
  readonly retriesThrottle: boolean;
  /** Keys of the login object that a refresh keeps; the others are dropped. */
  readonly keptKeys: readonly string[];
}

const SCOPE =
  "user:profile user:inference user:sessions:claude_code user:mcp_servers user:file_upload";

const BUILDS: Readonly<Record<StandInVersion, BuildBehaviour>> = {
  "2.1.104": {
    version: "2.1.104",
    model: "claude-opus-4-6",
    modelNames: {
      haiku: "claude-haiku-4-5-20251001",
      sonnet: "claude-sonnet-4-6",
      opus: "claude-opus-4-6",
    },
    agents: { messages: "claude-cli/2.1.104 (external, sdk-cli)", token: "axios/1.13.6" },
    scope: SCOPE,
    signInScope: `org:create_api_key ${SCOPE}`,
    takesCode: false,
    tokenTimeout: 15_000,
    honoursSecureStorage: false,
    replacesFile: false,
    blanks: false,
    refreshesWhenRefused: false,
    commandsRefresh: false,
    retriesThrottle: false,
    keptKeys: ["subscriptionType", "rateLimitTier"],
  },
  "2.1.329": {
    version: "2.1.329",
    model: "claude-opus-5-5",
    modelNames: {
      haiku: "claude-haiku-5-5",
      sonnet: "claude-sonnet-5-5",
      opus: "claude-opus-5-5",
    },
    agents: { messages: "claude-cli/2.1.329 (external, sdk-cli)", token: "axios/1.15.2" },
    scope: `${SCOPE} user:plugins`,
    signInScope: `org:create_api_key ${SCOPE} user:plugins user:privacy_consents:write org:desktop_config`,
    takesCode: true,
    tokenTimeout: 30_000,
    honoursSecureStorage: true,
    replacesFile: true,
    blanks: true,
    refreshesWhenRefused: true,
    commandsRefresh: true,
    retriesThrottle: true,
    keptKeys: [
      "refreshTokenExpiresAt",
      "subscriptionType",
      "subscriptionTypeSource",
      "rateLimitTier",
      "accountUuid",
      "organizationUuid",
    ],
  },
};

const LATEST: StandInVersion = "2.1.329";

/** Chooses the build by `PILOTLIGHT_STAND_IN`, 2.1.329 unless set. @throws Error for a build it cannot play. */
export function buildBehaviour(name: string | undefined): BuildBehaviour {
  const version = STAND_IN_VERSIONS.find((known) => known === (name || LATEST));
  if (version !== undefined) return BUILDS[version];
  throw new Error(`PILOTLIGHT_STAND_IN must be one of ${STAND_IN_VERSIONS.join(", ")}`);
}
