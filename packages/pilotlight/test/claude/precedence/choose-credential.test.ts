import { describe, expect, it } from "vitest";
import {
  type AuthMode,
  chooseCredential,
  jobEnvironment,
} from "../../../src/claude/precedence/choose-credential.ts";
import type { JobSettings } from "../../../src/claude/precedence/job-settings.ts";

const KEY = "sk-ant-api03-TEST-key";
const TOKEN = "sk-ant-oat01-TEST-token";
const PLACE = "/config/settings.json";

type World = Partial<Parameters<typeof chooseCredential>[1]>;

function choose(mode: AuthMode, world: World = {}) {
  const { env = {}, stored = "claude-file" } = world;
  return chooseCredential(mode, {
    settings: settings(),
    refuseShadow: false,
    ...world,
    env: jobEnvironment(mode, env, stored),
    stored,
  });
}

/** Settings of one file. */
function settings(env: Record<string, string> = {}, apiKeyHelper: string | null = null) {
  const origins: Record<string, string> = {};
  for (const name of Object.keys(env)) origins[name] = `${PLACE} (env.${name})`;
  if (apiKeyHelper !== null) origins["apiKeyHelper"] = `${PLACE} (apiKeyHelper)`;
  return { env, apiKeyHelper, origins } satisfies JobSettings;
}

function refusal(code: string, message: RegExp | string) {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}

describe("--auth subscription", () => {
  it.each([
    ["ANTHROPIC_API_KEY", KEY],
    ["ANTHROPIC_AUTH_TOKEN", "TEST"],
    ["ANTHROPIC_PROFILE", "work"],
    ["ANTHROPIC_FEDERATION_RULE_ID", "rule"],
    ["ANTHROPIC_IDENTITY_TOKEN", "TEST"],
    ["ANTHROPIC_IDENTITY_TOKEN_FILE", "/none"],
    ["CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR", "3"],
    ["CLAUDE_CODE_OAUTH_TOKEN", TOKEN],
    ["CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR", "3"],
    ["CLAUDE_CODE_USE_BEDROCK", "1"],
    ["CLAUDE_CODE_USE_VERTEX", "1"],
    ["CLAUDE_CODE_USE_FOUNDRY", "1"],
    ["CLAUDE_CODE_USE_MANTLE", "1"],
  ])("takes %s away from a job with a stored login", (name, value) => {
    const { env, effective, warnings } = choose("subscription", {
      env: { [name]: value, PATH: "/bin", UNSET: undefined },
    });
    expect(env).toEqual({ PATH: "/bin" });
    expect(effective).toMatchObject({ source: "claude-file", billing: "subscription" });
    expect(warnings).toEqual([]);
  });

  it("refuses headers that would go out in the place of the login's own", () => {
    const env = { ANTHROPIC_CUSTOM_HEADERS: `X-Team: night\nAuthorization: Bearer ${TOKEN}` };
    const message = /^ANTHROPIC_CUSTOM_HEADERS replaces/;
    expect(() => choose("subscription", { env })).toThrow(refusal("credential_shadowed", message));
    const harmless = { ANTHROPIC_CUSTOM_HEADERS: "X-Team: night" };
    expect(choose("subscription", { env: harmless }).env).toEqual(harmless);
  });

  it("leaves a setup-token where nothing is stored", () => {
    const env = { CLAUDE_CODE_OAUTH_TOKEN: TOKEN, ANTHROPIC_API_KEY: KEY };
    const choice = choose("subscription", { env, stored: null });
    expect(choice.env).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: TOKEN });
    expect(choice.effective.source).toBe("CLAUDE_CODE_OAUTH_TOKEN");
  });

  it.each([
    ["a key", settings({ ANTHROPIC_API_KEY: KEY }), "env.ANTHROPIC_API_KEY"],
    ["a bearer", settings({ ANTHROPIC_AUTH_TOKEN: "TEST" }), "env.ANTHROPIC_AUTH_TOKEN"],
    ["a setup-token", settings({ CLAUDE_CODE_OAUTH_TOKEN: TOKEN }), "env.CLAUDE_CODE_OAUTH_TOKEN"],
    ["a cloud", settings({ CLAUDE_CODE_USE_BEDROCK: "1" }), "env.CLAUDE_CODE_USE_BEDROCK"],
    ["a profile", settings({ ANTHROPIC_PROFILE: "work" }), "env.ANTHROPIC_PROFILE"],
    [
      "a federation rule",
      settings({ ANTHROPIC_FEDERATION_RULE_ID: "rule", ANTHROPIC_ORGANIZATION_ID: "org" }),
      "env.ANTHROPIC_FEDERATION_RULE_ID",
    ],
    [
      "a token from a descriptor",
      settings({ CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR: "3" }),
      "env.CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
    ],
    ["a helper", settings({}, "echo key"), "apiKeyHelper"],
    ["a gateway", settings({ ANTHROPIC_BASE_URL: "https://x.test" }), "env.ANTHROPIC_BASE_URL"],
  ])(
    "refuses where settings still put %s before the login, and names the place",
    (_, set, place) => {
      expect(() => choose("subscription", { settings: set })).toThrow(
        refusal("credential_shadowed", `${PLACE} \\(${place}\\)`),
      );
    },
  );

  it("refuses a gateway in the environment, and not Anthropic's own address", () => {
    const at = (url: string) => () => choose("subscription", { env: { ANTHROPIC_BASE_URL: url } });
    expect(at("https://api.anthropic.com.x.test")).toThrow(
      refusal("credential_shadowed", "gateway"),
    );
    for (const url of ["https://api.anthropic.com", "https://api.anthropic.com/", ""])
      expect(at(url)().effective.source).toBe("claude-file");
  });

  it("refuses where nothing is stored, although there is a key", () => {
    const world = { env: { ANTHROPIC_API_KEY: KEY }, stored: null };
    expect(() => choose("subscription", world)).toThrow(refusal("no_credential", "no login"));
  });
});

describe("--auth api-key", () => {
  it.each([
    ["ANTHROPIC_API_KEY", { env: { ANTHROPIC_API_KEY: KEY } }],
    ["ANTHROPIC_API_KEY", { settings: settings({ ANTHROPIC_API_KEY: KEY }) }],
    ["ANTHROPIC_AUTH_TOKEN", { env: { ANTHROPIC_AUTH_TOKEN: "TEST" } }],
    ["apiKeyHelper", { settings: settings({}, "echo key") }],
  ])("takes %s", (source, world: World) => {
    expect(choose("api-key", world).effective).toMatchObject({ source, billing: "api" });
  });

  it.each([
    ["nothing", { stored: null }, "nothing is configured"],
    ["a login", {}, "claude-file"],
    ["an empty key", { env: { ANTHROPIC_API_KEY: "" } }, "claude-file"],
    ["a setup-token", { env: { CLAUDE_CODE_OAUTH_TOKEN: TOKEN } }, "CLAUDE_CODE_OAUTH_TOKEN"],
  ])("refuses %s", (_, world: World, named) => {
    expect(() => choose("api-key", world)).toThrow(refusal("no_api_key", named));
  });

  it("takes the key of a sign-in to the Console, and --auth subscription does not", () => {
    const world = { stored: null, hasManagedKey: true };
    expect(choose("api-key", world).effective).toMatchObject({ billing: "api" });
    expect(() => choose("subscription", world)).toThrow(refusal("no_credential", "no login"));
  });

  it.each([
    ["an access token", { env: { ANTHROPIC_API_KEY: ` ${TOKEN}\n` } }, /^ANTHROPIC_API_KEY /],
    ["a refresh token", { env: { ANTHROPIC_API_KEY: "sk-ant-ort01-TEST" } }, /^ANTHROPIC_API_KEY /],
    [
      "an access token in settings",
      { settings: settings({ ANTHROPIC_API_KEY: TOKEN }) },
      "settings.json",
    ],
  ])("refuses %s for a key, without showing it", (_, world: World, named) => {
    expect(() => choose("api-key", world)).toThrow(refusal("wrong_credential", named));
    expect(() => choose("api-key", world)).not.toThrow(/sk-ant-/);
  });
});

describe("--auth auto", () => {
  it("starts no job that would show an OAuth token to the API", () => {
    const env = { ANTHROPIC_API_KEY: "sk-ant-oat01-TEST" };
    expect(() => choose("auto", { env, stored: "claude-file" })).toThrow(
      expect.objectContaining({
        code: "wrong_credential",
        message: "ANTHROPIC_API_KEY holds an OAuth token, not an API key",
      }),
    );
  });

  it("changes nothing and warns of nothing when the login is used", () => {
    const { env, warnings, effective } = choose("auto", { env: { PATH: "/bin", X: undefined } });
    expect([env, warnings, effective.source]).toEqual([{ PATH: "/bin" }, [], "claude-file"]);
  });

  it("does not warn of a key where there is no login to shadow", () => {
    const world = { env: { ANTHROPIC_API_KEY: KEY }, stored: null, refuseShadow: true };
    expect(choose("auto", world).warnings).toEqual([]);
  });

  it.each([
    ["ANTHROPIC_API_KEY", { env: { ANTHROPIC_API_KEY: KEY } }],
    ["CLAUDE_CODE_USE_VERTEX", { env: { CLAUDE_CODE_USE_VERTEX: "1" } }],
    [
      "ANTHROPIC_FEDERATION_RULE_ID",
      { env: { ANTHROPIC_FEDERATION_RULE_ID: "rule", ANTHROPIC_ORGANIZATION_ID: "org" } },
    ],
    [`${PLACE} (apiKeyHelper)`, { settings: settings({}, "echo key") }],
    [
      `${PLACE} (env.ANTHROPIC_API_KEY)`,
      { settings: settings({ ANTHROPIC_API_KEY: KEY }), env: { ANTHROPIC_API_KEY: KEY } },
    ],
  ])("warns when %s shadows the login, or refuses when told to", (place, world: World) => {
    const { warnings } = choose("auto", world);
    expect(warnings).toEqual([expect.stringContaining(`${place} wins over the stored login`)]);
    expect(() => choose("auto", { ...world, refuseShadow: true })).toThrow(
      refusal("credential_shadowed", "wins over the stored login"),
    );
  });
});
