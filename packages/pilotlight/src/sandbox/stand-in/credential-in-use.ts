import { execFileSync } from "node:child_process";
import type { Source } from "../../core/login-status.ts";
import { effectiveSource } from "../../claude/precedence/precedence.ts";
import {
  bearer,
  type CredentialHeaders,
  type CredentialInUse,
  notLoggedIn,
  oauthHeaders,
} from "./chosen-credential.ts";
import { readLogin } from "./login-file.ts";
import type { Setting } from "./setting.ts";
import { storedCredential } from "./stored-credential.ts";

/** Finds the credential by the builds' precedence (measured 2026-11). */
export function credentialInUse(setting: Setting): CredentialInUse {
  const stored = readLogin(setting).kind === "none" ? null : "claude-file";
  const helper = { env: {}, apiKeyHelper: setting.apiKeyHelper };
  const { source } = effectiveSource(setting.env, helper, stored);
  if (source === "claude-file") return storedCredential(setting);
  const headers = fixedHeaders(source, setting);
  return {
    source,
    login: null,
    start: async () => undefined,
    next: async () => (headers === null ? notLoggedIn() : { kind: "headers", headers }),
    // A key is not sent twice; a token from the environment is (measured on 2.1.329, 2026-11).
    refused: async () => (source === "ANTHROPIC_API_KEY" ? 1 : 2),
    settled: () => undefined,
  };
}

/** @returns `null` where there is no credential that the stand-in knows. */
function fixedHeaders(source: Source, { env, apiKeyHelper }: Setting): CredentialHeaders | null {
  const key = env["ANTHROPIC_API_KEY"] || (apiKeyHelper !== null && outputOf(apiKeyHelper)) || null;
  const keyHeader = key === null ? {} : { "x-api-key": key };
  const helped = apiKeyHelper === null ? {} : bearer(outputOf(apiKeyHelper));
  switch (source) {
    case "ANTHROPIC_AUTH_TOKEN":
      return { ...keyHeader, ...bearer(env["ANTHROPIC_AUTH_TOKEN"] ?? "") };
    case "ANTHROPIC_API_KEY":
    case "apiKeyHelper":
      return { ...keyHeader, ...helped };
    case "CLAUDE_CODE_OAUTH_TOKEN":
      return oauthHeaders((env["CLAUDE_CODE_OAUTH_TOKEN"] ?? "").trim());
    default:
      return null;
  }
}

function outputOf(command: string): string {
  return execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" }).trim();
}
