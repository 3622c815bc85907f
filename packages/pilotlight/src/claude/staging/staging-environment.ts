import { PilotlightError } from "../../core/errors.ts";
import type { Environment } from "../locations.ts";

/** Set for the Claude Code we start; a Pilotlight that finds it was called by that Claude Code and must not refresh. */
export const NESTED_VARIABLE = "PILOTLIGHT_NESTED";

/** @throws PilotlightError `nested` where the very Claude Code that we started for a refresh starts us */
export function refuseNested(env: Environment): void {
  if (env[NESTED_VARIABLE] !== undefined) {
    throw new PilotlightError("nested", `${NESTED_VARIABLE} is set`);
  }
}

/** How to reach the network: kept, and taken from `settings.json` too, where the user may have put them. */
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
  "CLAUDE_CODE_PROXY_RESOLVES_HOSTS",
];

/** Kept although of Claude Code's family: it names the client a login was granted to, not a credential. */
const KEPT = new Set([...NETWORK, "CLAUDE_CODE_OAUTH_CLIENT_ID", "CLAUDE_CODE_GIT_BASH_PATH"]);

/**
 * The environment for a Claude Code that refreshes in `stage`: every credential, config and provider
 * variable is gone. Both directory variables point to the stage: inherited, the second one alone
 * would make it rotate the live store (measured on 2.1.329 and 2.1.216, 2026-11).
 */
export function stagingEnvironment(
  stage: string,
  env: Environment,
  settingsEnv: Environment,
): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && isKept(name)) clean[name] = value;
  }
  for (const [name, value] of Object.entries(settingsEnv)) {
    // Claude Code lets its settings win over the process environment.
    if (value !== undefined && isNetwork(name)) clean[name] = value;
  }
  return {
    ...clean,
    CLAUDE_CONFIG_DIR: stage,
    CLAUDE_SECURESTORAGE_CONFIG_DIR: stage,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    // 2.1.104 sends a rejected token for minutes, and tries a refresh each time; none is needed here.
    CLAUDE_CODE_MAX_RETRIES: "0",
    [NESTED_VARIABLE]: "1",
  };
}

function isKept(name: string): boolean {
  const upper = name.toUpperCase();
  if (KEPT.has(upper)) return true;
  return !/^(ANTHROPIC_|CLAUDE_|CLAUDECODE$|AWS_BEARER_TOKEN_BEDROCK$)/.test(upper);
}

function isNetwork(name: string): boolean {
  return NETWORK.includes(name.toUpperCase()) || name === "CLAUDE_CODE_OAUTH_CLIENT_ID";
}
