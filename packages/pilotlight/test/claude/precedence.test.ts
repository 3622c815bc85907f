import { describe, expect, it } from "vitest";
import { effectiveSource } from "../../src/claude/precedence.ts";

const NONE = { env: {}, apiKeyHelper: null };
const HELPER = { env: {}, apiKeyHelper: "/bin/helper" };

/** Every source at once, in the order in which they win; each row takes one more away. */
const RANKED = [
  ["cloud:bedrock", "CLAUDE_CODE_USE_BEDROCK", "cloud"],
  ["cloud:vertex", "CLAUDE_CODE_USE_VERTEX", "cloud"],
  ["cloud:foundry", "CLAUDE_CODE_USE_FOUNDRY", "cloud"],
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
    const env = { ANTHROPIC_FEDERATION_RULE_ID: "TEST" };
    expect(effectiveSource(env, NONE, null)).toMatchObject({ source: "profile", billing: "api" });
  });

  it("names the Keychain's login as what it is", () => {
    expect(effectiveSource({}, NONE, "claude-keychain")).toMatchObject({
      source: "claude-keychain",
      billing: "subscription",
    });
  });
});
