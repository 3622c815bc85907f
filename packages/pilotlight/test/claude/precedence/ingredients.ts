import type { CredentialsDocument } from "../../../src/sandbox/index.ts";
import type { Ingredient } from "./scene.ts";

/** Values that a scene's ingredients carry; each names its place, so that an arrival tells whose it is. */
export interface Values {
  readonly login: CredentialsDocument;
  readonly token: string;
  readonly profile: string;
  /** The sandbox's direct face, which is no Anthropic address. */
  readonly gateway: string;
}

const USER = "~/.claude/settings.json";
const PROJECT = ".claude/settings.json";
const LOCAL = ".claude/settings.local.json";
const LOGIN = "~/.claude/.credentials.json";

const key = (name: string) => `sk-ant-api03-TEST-${name}`;

/** A variable in every place where one can stand. */
function placesOf(name: string, variable: string, value: (place: string) => string): Ingredient[] {
  const env = (place: string) => ({ env: { [variable]: value(place) } });
  return [
    { name, env: { [variable]: value("process") } },
    { name: `${name} of the user's settings`, files: { [USER]: env("user") } },
    { name: `${name} of the project's settings`, files: { [PROJECT]: env("project") } },
    { name: `${name} of the local settings`, files: { [LOCAL]: env("local") } },
    { name: `${name} of --settings`, flag: env("flag") },
    {
      name: `${name} unset by the user's settings`,
      env: { [variable]: value("process") },
      files: { [USER]: { env: { [variable]: "" } } },
    },
  ];
}

function helpers(): Ingredient[] {
  const at = (place: string) => ({ apiKeyHelper: `echo ${key(`helper-${place}`)}` });
  return [
    { name: "helper", files: { [USER]: at("user") } },
    { name: "helper of the project", files: { [PROJECT]: at("project") } },
    { name: "helper of --settings", flag: at("flag") },
    { name: "helper that fails", files: { [USER]: { apiKeyHelper: "exit 3" } } },
    {
      name: "helper taken away by the project",
      files: { [USER]: at("user"), [PROJECT]: { apiKeyHelper: "" } },
    },
  ];
}

function profileFiles(name: string, token: string): Record<string, unknown> {
  const root = "~/.config/anthropic";
  return {
    [`${root}/configs/${name}.json`]: { version: "1.0", authentication: { type: "user_oauth" } },
    [`${root}/credentials/${name}.json`]: {
      version: "1.0",
      type: "oauth_token",
      access_token: token,
      expires_at: Math.floor(Date.now() / 1000) + 18_000,
    },
  };
}

const FEDERATION = {
  ANTHROPIC_FEDERATION_RULE_ID: "fdrl_TEST",
  ANTHROPIC_ORGANIZATION_ID: "org_TEST",
};

/** Every ingredient, by what it is about: a scene takes at most one of each. */
export function ingredientsOf({ login, token, profile, gateway }: Values) {
  const stored = (fields: object) => ({
    [LOGIN]: { claudeAiOauth: { ...login.claudeAiOauth, ...fields } },
  });
  const work = { ANTHROPIC_PROFILE: "work" };
  return {
    bearer: placesOf("auth token", "ANTHROPIC_AUTH_TOKEN", (place) => key(`auth-${place}`)),
    key: placesOf("key", "ANTHROPIC_API_KEY", (place) => key(`key-${place}`)),
    helper: helpers(),
    token: [
      ...placesOf("setup-token", "CLAUDE_CODE_OAUTH_TOKEN", () => token),
      {
        name: "setup-token without its scope",
        env: { CLAUDE_CODE_OAUTH_TOKEN: token, CLAUDE_CODE_OAUTH_SCOPES: "user:profile" },
      },
    ],
    profile: [
      { name: "profile", env: work, files: profileFiles("work", profile) },
      { name: "active profile", files: profileFiles("default", profile) },
      {
        name: "profile that is gone",
        env: { ANTHROPIC_PROFILE: "gone" },
        files: profileFiles("default", profile),
      },
      {
        name: "profile of the user's settings",
        files: { ...profileFiles("work", profile), [USER]: { env: work } },
      },
      {
        name: "profile of the project's settings",
        files: { ...profileFiles("work", profile), [PROJECT]: { env: work } },
      },
      { name: "federation", env: { ...FEDERATION, ANTHROPIC_IDENTITY_TOKEN: "TEST.jwt" } },
      { name: "federation without a token", env: FEDERATION },
      { name: "federation rule alone", env: { ANTHROPIC_FEDERATION_RULE_ID: "fdrl_TEST" } },
    ],
    login: [
      { name: "login", files: stored({}) },
      { name: "blanked login", files: stored({ accessToken: "", refreshToken: "", expiresAt: 0 }) },
      { name: "login without its scope", files: stored({ scopes: ["user:profile"] }) },
      { name: "login that is no JSON", files: { [LOGIN]: '{"claudeAiOauth":' } },
    ],
    console: [
      {
        name: "Console key",
        files: { "~/.claude/.claude.json": { primaryApiKey: key("console") } },
      },
    ],
    bare: [
      { name: "--bare", args: ["--bare"] },
      { name: "CLAUDE_CODE_SIMPLE", env: { CLAUDE_CODE_SIMPLE: "1" } },
      {
        name: "CLAUDE_CODE_SIMPLE of the user's settings",
        files: { [USER]: { env: { CLAUDE_CODE_SIMPLE: "yes" } } },
      },
      {
        name: "CLAUDE_CODE_SIMPLE of the project's settings",
        files: { [PROJECT]: { env: { CLAUDE_CODE_SIMPLE: "1" } } },
      },
    ],
    cloud: [
      { name: "Bedrock", env: { CLAUDE_CODE_USE_BEDROCK: "1" } },
      {
        name: "Foundry of the user's settings",
        files: { [USER]: { env: { CLAUDE_CODE_USE_FOUNDRY: "true" } } },
      },
      { name: "Vertex", env: { CLAUDE_CODE_USE_VERTEX: "on" } },
      { name: "Bedrock off", env: { CLAUDE_CODE_USE_BEDROCK: "0" } },
    ],
    gateway: [
      { name: "gateway", env: { ANTHROPIC_BASE_URL: gateway } },
      {
        name: "gateway of the user's settings",
        files: { [USER]: { env: { ANTHROPIC_BASE_URL: gateway } } },
      },
    ],
    headers: [
      {
        name: "own authorization",
        env: { ANTHROPIC_CUSTOM_HEADERS: `Authorization: Bearer ${key("own")}` },
      },
      { name: "own x-api-key", env: { ANTHROPIC_CUSTOM_HEADERS: `X-Api-Key: ${key("own")}` } },
    ],
    sources: [
      { name: "--setting-sources user", args: ["--setting-sources", "user"] },
      { name: "--setting-sources project,local", args: ["--setting-sources", "project,local"] },
    ],
  } satisfies Record<string, readonly Ingredient[]>;
}

export type Ingredients = ReturnType<typeof ingredientsOf>;

/** Broken settings take everything with them that stands in the same file. */
export const BROKEN: Ingredient = {
  name: "broken local settings",
  files: { [LOCAL]: '{"env": {' },
};
