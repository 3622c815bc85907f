import { describe, expect, it } from "vitest";
import { rulesOf } from "../../../src/claude/build/build-rules.ts";
import {
  customHeaders,
  effectiveSource,
  isYes,
  rankSources,
  type World,
} from "../../../src/claude/precedence/precedence.ts";

const NONE = { env: {}, apiKeyHelper: null };
const HELPER = { env: {}, apiKeyHelper: "/bin/helper" };

/** Every source at once, in the order in which they win; each row takes one more away. */
const RANKED = [
  ["cloud:bedrock", "CLAUDE_CODE_USE_BEDROCK", "cloud"],
  ["cloud:foundry", "CLAUDE_CODE_USE_FOUNDRY", "cloud"],
  ["cloud:vertex", "CLAUDE_CODE_USE_VERTEX", "cloud"],
  ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN", "api"],
  ["ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY", "api"],
  ["apiKeyHelper", null, "api"],
  ["CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "subscription"],
  ["profile", "ANTHROPIC_PROFILE", "api"],
  ["claude-file", null, "subscription"],
] as const;

describe("which credential Claude Code uses", () => {
  it.each(RANKED.map(([source, , billing], index) => [source, billing, index] as const))(
    "is %s before all that come after it",
    (source, billing, index) => {
      const here = RANKED.slice(index);
      const env = Object.fromEntries(
        here.flatMap(([, variable]) => (variable === null ? [] : [[variable, "1"]])),
      );
      const settings = here.some(([name]) => name === "apiKeyHelper") ? HELPER : NONE;
      expect(effectiveSource(env, settings, "claude-file")).toEqual({
        source,
        billing,
        shadowed: here.slice(1).map(([name]) => name),
      });
    },
  );

  it("is none when there is nothing", () => {
    const nothing = { source: "none", billing: "none", shadowed: [] };
    expect(effectiveSource({}, NONE, null)).toEqual(nothing);
  });

  it("does not count an empty variable, nor a cloud flag that says no", () => {
    const env = {
      ANTHROPIC_API_KEY: "",
      CLAUDE_CODE_OAUTH_TOKEN: "",
      CLAUDE_CODE_USE_BEDROCK: "0",
      CLAUDE_CODE_USE_VERTEX: "False",
    };
    expect(effectiveSource(env, NONE, "claude-file").source).toBe("claude-file");
  });

  it("reads the variables of settings.json, which win over the process's", () => {
    const settings = { env: { ANTHROPIC_API_KEY: "TEST" }, apiKeyHelper: null };
    expect(effectiveSource({}, settings, "claude-file")).toMatchObject({
      source: "ANTHROPIC_API_KEY",
      shadowed: ["claude-file"],
    });
    const off = { env: { ANTHROPIC_API_KEY: "" }, apiKeyHelper: null };
    expect(effectiveSource({ ANTHROPIC_API_KEY: "TEST" }, off, null).source).toBe("none");
  });

  it("counts an OAuth token that comes through a file descriptor", () => {
    const env = { CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR: "3" };
    expect(effectiveSource(env, NONE, "claude-file").source).toBe("CLAUDE_CODE_OAUTH_TOKEN");
  });

  it("counts workload identity federation as a profile", () => {
    const rule = { ANTHROPIC_FEDERATION_RULE_ID: "TEST" };
    expect(effectiveSource(rule, NONE, null).source).toBe("none");
    const env = { ...rule, ANTHROPIC_ORGANIZATION_ID: "TEST" };
    expect(effectiveSource(env, NONE, null)).toMatchObject({ source: "profile", billing: "api" });
  });

  it("names the Keychain's login as what it is", () => {
    expect(effectiveSource({}, NONE, "claude-keychain")).toMatchObject({
      source: "claude-keychain",
      billing: "subscription",
    });
  });
});

/** What is used and what is sent, in one line. */
function ranked(world: Partial<World>): string {
  const { candidates, headers } = rankSources({ env: {}, settings: NONE, stored: null, ...world });
  return [candidates[0]?.via ?? "none", ...headers].join(" ");
}

describe("which headers Claude Code sends", () => {
  const auth = { ANTHROPIC_AUTH_TOKEN: "TEST" };
  const key = { ANTHROPIC_API_KEY: "TEST" };

  it.each<[string, Partial<World>, string]>([
    ["a bearer", { env: auth }, "ANTHROPIC_AUTH_TOKEN authorization"],
    ["a key", { env: key }, "ANTHROPIC_API_KEY x-api-key"],
    ["both", { env: { ...auth, ...key } }, "ANTHROPIC_AUTH_TOKEN authorization x-api-key"],
    ["a helper", { settings: HELPER }, "apiKeyHelper authorization x-api-key"],
    [
      "a key and a helper",
      { env: key, settings: HELPER },
      "ANTHROPIC_API_KEY authorization x-api-key",
    ],
    [
      "a bearer and a Console key",
      { env: auth, hasManagedKey: true },
      "ANTHROPIC_AUTH_TOKEN authorization x-api-key",
    ],
    ["a key and a Console key", { env: key, hasManagedKey: true }, "ANTHROPIC_API_KEY x-api-key"],
    [
      "a bearer and a login",
      { env: auth, stored: "claude-file" },
      "ANTHROPIC_AUTH_TOKEN authorization",
    ],
    ["a login", { stored: "claude-file" }, "claude-file authorization"],
    [
      "a cloud and a key",
      { env: { ...key, CLAUDE_CODE_USE_MANTLE: "on" } },
      "CLAUDE_CODE_USE_MANTLE",
    ],
    ["nothing", {}, "none"],
    [
      "headers of the user's",
      { env: { ANTHROPIC_CUSTOM_HEADERS: "X-Api-Key: TEST" } },
      "none x-api-key",
    ],
    [
      "a login and such headers",
      { stored: "claude-file", env: { ANTHROPIC_CUSTOM_HEADERS: "A: b\nx-api-key: TEST" } },
      "claude-file authorization x-api-key",
    ],
  ])("for %s", (_name, world, expected) => {
    expect(ranked(world)).toBe(expected);
  });

  it("reads what the user's own headers replace, whatever their case", () => {
    expect(customHeaders("X-Other: 1\n  AUTHORIZATION : Bearer x")).toEqual(["authorization"]);
    expect(customHeaders("")).toEqual([]);
  });
});

describe("where the ranks are no simple ladder", () => {
  it("puts a Console key behind a login, and before a profile that outranks the login", () => {
    const world = { hasManagedKey: true, stored: "claude-file" } as const;
    expect(ranked(world)).toBe("claude-file authorization");
    const env = { ANTHROPIC_PROFILE: "work" };
    expect(ranked({ ...world, env })).toBe("primaryApiKey x-api-key");
    expect(ranked({ stored: "claude-file", env })).toBe("ANTHROPIC_PROFILE authorization");
    expect(ranked({ ...world, profile: "fallback" })).toBe("claude-file authorization");
    expect(ranked({ hasManagedKey: true, profile: "fallback" })).toBe("primaryApiKey x-api-key");
    expect(ranked({ profile: "fallback" })).toBe("active profile authorization");
  });

  it("reads no login under --bare, and no helper but that of --settings", () => {
    const env = { CLAUDE_CODE_OAUTH_TOKEN: "TEST", ANTHROPIC_PROFILE: "work" };
    const world = { env, stored: "claude-file", hasManagedKey: true, settings: HELPER } as const;
    expect(ranked({ ...world, isBare: true })).toBe("none");
    expect(ranked({ ...world, env: { ...env, CLAUDE_CODE_SIMPLE: "yes" } })).toBe("none");
    expect(ranked({ ...world, isBare: true, settings: { ...HELPER, bareHelper: "h" } })).toBe(
      "apiKeyHelper authorization x-api-key",
    );
    const { unread } = rankSources({ ...world, isBare: true });
    expect(unread.map(({ source }) => source)).toContain("claude-file");
  });

  it("does not use a token without its scope, which hides the login all the same", () => {
    const env = { CLAUDE_CODE_OAUTH_TOKEN: "TEST", CLAUDE_CODE_OAUTH_SCOPES: "user:profile" };
    expect(ranked({ env, stored: "claude-file" })).toBe("none");
    expect(ranked({ env, stored: "claude-file", hasManagedKey: true })).toBe(
      "primaryApiKey x-api-key",
    );
    const both = { ...env, CLAUDE_CODE_OAUTH_SCOPES: "user:profile user:inference" };
    expect(ranked({ env: both })).toBe("CLAUDE_CODE_OAUTH_TOKEN authorization");
  });

  it("takes for a yes what Claude Code does", () => {
    expect(["1", "TRUE", "yes", "on", " 1 "].filter((value) => !isYes(value))).toEqual([]);
    expect(["", " ", "0", "2", "abc", "off"].filter(isYes)).toEqual([]);
  });
});

describe("an older build", () => {
  const rules = rulesOf("2.1.104");

  it("reads no profiles, and does not hold a token to its scopes", () => {
    expect(ranked({ env: { ANTHROPIC_PROFILE: "work" }, stored: "claude-file", rules })).toBe(
      "claude-file authorization",
    );
    const env = { CLAUDE_CODE_OAUTH_TOKEN: "TEST", CLAUDE_CODE_OAUTH_SCOPES: "user:profile" };
    expect(ranked({ env, rules })).toBe("CLAUDE_CODE_OAUTH_TOKEN authorization");
  });

  it("sends an empty bearer beside a key where the variable is set to nothing", () => {
    const env = { ANTHROPIC_AUTH_TOKEN: "", ANTHROPIC_API_KEY: "TEST" };
    expect(ranked({ env, rules })).toBe("ANTHROPIC_API_KEY authorization x-api-key");
    expect(ranked({ env })).toBe("ANTHROPIC_API_KEY x-api-key");
  });

  it("takes white space for a value", () => {
    const env = { ANTHROPIC_AUTH_TOKEN: " " };
    expect(ranked({ env, rules })).toBe("ANTHROPIC_AUTH_TOKEN authorization");
    expect(ranked({ env })).toBe("none");
  });
});
