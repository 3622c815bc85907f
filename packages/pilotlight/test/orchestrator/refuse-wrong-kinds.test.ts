import { describe, expect, it } from "vitest";
import { type ClaudeOptions, createClaude } from "../../src/orchestrator.ts";
import { refuseMissingScopes } from "../../src/orchestrator/refuse-wrong-kinds.ts";

const OAT = "sk-ant-oat01-TEST";
const ORT = "sk-ant-ort01-TEST";
const KEY = "sk-ant-api03-TEST";

describe("a credential of the wrong kind", () => {
  it.each<[string, ClaudeOptions, RegExp]>([
    ["an OAuth token as the key", { apiKey: OAT, env: {} }, /^the option apiKey holds an OAuth/],
    [
      "an OAuth token as the key's variable",
      { env: { ANTHROPIC_API_KEY: ` ${OAT}\n` } },
      /^ANTHROPIC_API_KEY holds an OAuth token, .*CLAUDE_CODE_OAUTH_TOKEN/,
    ],
    ["an OAuth token as a bearer", { env: { ANTHROPIC_AUTH_TOKEN: OAT } }, /^ANTHROPIC_AUTH_TOKEN/],
    ["a refresh token as the key", { apiKey: ORT, env: {} }, /holds a refresh token.*take it out/],
    ["a refresh token as a bearer", { env: { ANTHROPIC_AUTH_TOKEN: ORT } }, /a refresh token/],
    ["a refresh token as a setup-token", { env: { CLAUDE_CODE_OAUTH_TOKEN: ORT } }, /refresh/],
    [
      "a key as a setup-token",
      { env: { CLAUDE_CODE_OAUTH_TOKEN: KEY } },
      /^CLAUDE_CODE_OAUTH_TOKEN holds an API key: put it into ANTHROPIC_API_KEY/,
    ],
    [
      "a key for the subscription",
      { auth: "subscription", apiKey: KEY, env: {} },
      /apiKey is given with auth: "subscription"/,
    ],
  ])("is refused at once: %s", (_what, options, message) => {
    const code = "wrong_credential";
    const told = expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => createClaude(options)).toThrow(told);
    expect(() => createClaude(options)).not.toThrow(/TEST/);
  });

  it.each<[string, ClaudeOptions]>([
    ["a key", { apiKey: KEY, env: {} }],
    ["a gateway's key", { env: { ANTHROPIC_API_KEY: "TEST", ANTHROPIC_BASE_URL: "http://gate" } }],
    ["a setup-token", { env: { CLAUDE_CODE_OAUTH_TOKEN: OAT } }],
    [
      "a key that the subscription does without",
      { auth: "subscription", env: { ANTHROPIC_API_KEY: KEY } },
    ],
  ])("is none: %s", (_what, options) => {
    expect(() => createClaude(options)).not.toThrow();
  });

  it("is an option that is no number, too", () => {
    for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { maxTokens: Number.NaN }]) {
      expect(() => createClaude({ ...options, env: {} })).toThrow(
        expect.objectContaining({ code: "usage" }),
      );
    }
  });
});

describe("scopes that work needs", () => {
  const place = "CLAUDE_CODE_OAUTH_TOKEN";
  it("are missing from a setup-token, whatever is asked for but inference", () => {
    const setup = { isSetupToken: true, scopes: null, place };
    expect(() => refuseMissingScopes(["user:mcp_servers"], setup)).toThrow(
      expect.objectContaining({
        code: "scope_missing",
        message: expect.stringMatching(/setup-token.*user:mcp_servers.*unset CLAUDE_CODE_OAUTH/),
      }),
    );
    expect(() => refuseMissingScopes(["user:inference"], setup)).not.toThrow();
  });

  it("are missing from a login that is known to lack them, and not from one that says nothing", () => {
    const login = { isSetupToken: false, scopes: ["user:inference"], place: "/file" };
    expect(() => refuseMissingScopes(["user:profile"], login)).toThrow(
      /\/file lacks \(user:profile\)/,
    );
    expect(() => refuseMissingScopes(["user:profile"], { ...login, scopes: null })).not.toThrow();
  });
});
