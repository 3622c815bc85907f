import { describe, expect, it } from "vitest";
import {
  NESTED_VARIABLE,
  stagingEnvironment,
} from "../../../src/claude/staging/staging-environment.ts";

const STAGE = "/state/staging/default";

/** Everything by which Claude Code is told another credential, place or account (measured 2026-11). */
const GONE = [
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_BASE_URL",
  "ANTHROPIC_BETAS",
  "ANTHROPIC_CONFIG_DIR",
  "ANTHROPIC_CUSTOM_HEADERS",
  "ANTHROPIC_FEDERATION_RULE_ID",
  "ANTHROPIC_IDENTITY_TOKEN",
  "ANTHROPIC_IDENTITY_TOKEN_FILE",
  "ANTHROPIC_MODEL",
  "ANTHROPIC_ORGANIZATION_ID",
  "ANTHROPIC_PROFILE",
  "AWS_BEARER_TOKEN_BEDROCK",
  "CLAUDECODE",
  "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
  "CLAUDE_CODE_API_KEY_HELPER_TTL_MS",
  "CLAUDE_CODE_AUTH_FAIL_EXIT_MS",
  "CLAUDE_CODE_CUSTOM_OAUTH_URL",
  "CLAUDE_CODE_DISABLE_AUTH_REFRESH_LOCK",
  "CLAUDE_CODE_FORCE_WINDOWS_CREDMAN",
  "CLAUDE_CODE_HOST_AUTH_ENV_VAR",
  "CLAUDE_CODE_HOST_CREDS_FILE",
  "CLAUDE_CODE_OAUTH_401_WAIT_MS",
  "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
  "CLAUDE_CODE_OAUTH_SCOPES",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
  "CLAUDE_CODE_RETRY_WATCHDOG",
  "CLAUDE_CODE_SDK_HAS_HOST_AUTH_REFRESH",
  "CLAUDE_CODE_SDK_HAS_OAUTH_REFRESH",
  "CLAUDE_CODE_SESSIONS_OAUTH_TOKEN",
  "CLAUDE_CODE_SESSION_ACCESS_TOKEN",
  "CLAUDE_CODE_SIMPLE",
  "CLAUDE_CODE_SUBPROCESS_ENV_SCRUB",
  "CLAUDE_CODE_SUBSCRIPTION_TYPE",
  "CLAUDE_CODE_USE_BEDROCK",
  "CLAUDE_CODE_USE_FOUNDRY",
  "CLAUDE_CODE_USE_VERTEX",
  "CLAUDE_LOCAL_OAUTH_API_BASE",
  "CLAUDE_LOCAL_OAUTH_APPS_BASE",
  "CLAUDE_LOCAL_OAUTH_CONSOLE_BASE",
];

const NETWORK = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "CLAUDE_CODE_CERT_STORE",
  "CLAUDE_CODE_CLIENT_CERT",
  "CLAUDE_CODE_CLIENT_KEY",
  "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE",
];

describe("the environment of a staged Claude Code", () => {
  it.each(GONE)("has no %s, from the process or from its settings", (name) => {
    const set = { [name]: "TEST" };
    expect(stagingEnvironment(STAGE, set, set)).not.toHaveProperty(name);
    const lower = { [name.toLowerCase()]: "TEST" };
    expect(stagingEnvironment(STAGE, lower, lower)).not.toHaveProperty(name.toLowerCase());
  });

  it.each(NETWORK.flatMap((name) => [name, name.toLowerCase()]))("keeps %s", (name) => {
    expect(stagingEnvironment(STAGE, { [name]: "TEST" }, {})).toHaveProperty(name, "TEST");
    expect(stagingEnvironment(STAGE, {}, { [name]: "TEST" })).toHaveProperty(name, "TEST");
  });

  it("takes the way to the network from the settings before the process, as Claude Code does", () => {
    const env = stagingEnvironment(STAGE, { HTTPS_PROXY: "process" }, { HTTPS_PROXY: "settings" });
    expect(env).toHaveProperty("HTTPS_PROXY", "settings");
  });

  it("takes nothing else from the settings", () => {
    const env = stagingEnvironment(
      STAGE,
      { PATH: "/bin" },
      { PATH: "/evil", NODE_OPTIONS: "-r x" },
    );
    expect(env).toHaveProperty("PATH", "/bin");
    expect(env).not.toHaveProperty("NODE_OPTIONS");
  });

  it("points both directory variables at the stage, wherever they pointed", () => {
    const live = { CLAUDE_CONFIG_DIR: "/live", CLAUDE_SECURESTORAGE_CONFIG_DIR: "/live" };
    expect(stagingEnvironment(STAGE, live, live)).toMatchObject({
      CLAUDE_CONFIG_DIR: STAGE,
      CLAUDE_SECURESTORAGE_CONFIG_DIR: STAGE,
    });
  });

  it("keeps what has nothing to do with Claude Code, and the client a login was granted to", () => {
    const env = {
      PATH: "/bin",
      HOME: "/home/u",
      LANG: "C",
      CLAUDE_CODE_OAUTH_CLIENT_ID: "TEST-client",
      UNSET: undefined,
    };
    const made = stagingEnvironment(STAGE, env, {});
    const { UNSET: _, ...kept } = env;
    expect(made).toMatchObject(kept);
    expect(made).not.toHaveProperty("UNSET");
  });

  it("tells a Pilotlight that it should call that it is nested, and keeps Claude Code quiet", () => {
    expect(stagingEnvironment(STAGE, {}, {})).toEqual({
      CLAUDE_CONFIG_DIR: STAGE,
      CLAUDE_SECURESTORAGE_CONFIG_DIR: STAGE,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      CLAUDE_CODE_MAX_RETRIES: "0",
      [NESTED_VARIABLE]: "1",
    });
  });
});
