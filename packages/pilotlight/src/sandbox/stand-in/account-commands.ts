import type { Source } from "../../core/login-status.ts";
import { join } from "node:path";
import type { CredentialInUse } from "./chosen-credential.ts";
import { credentialInUse } from "./credential-in-use.ts";
import { readLogin } from "./login-file.ts";
import { profileOf } from "./profile.ts";
import type { Setting } from "./setting.ts";

const NO_SERVERS = "No MCP servers configured. Use `claude mcp add` to add a server.\n";
const NOT_LOGGED_IN = "Not logged in. Run claude auth login to authenticate.\n";

/** Runs `mcp list`: on the newer build it refreshes, waits for that, and says the same whatever came of it. */
export async function mcpList(setting: Setting): Promise<number> {
  if (setting.build.commandsRefresh) await credentialInUse(setting).start(2);
  process.stdout.write(NO_SERVERS);
  return 0;
}

/** Runs `auth status`. It says what is stored, not what the server thinks of it. @returns 0 when logged in, else 1. */
export async function authStatus(setting: Setting, asText: boolean): Promise<number> {
  if (setting.build.commandsRefresh) await credentialInUse(setting).start(1);
  const credential = credentialInUse(setting);
  const method = methodOf(credential.source, setting);
  const isLoggedIn = method !== "none";
  if (asText) process.stdout.write(textOf(credential, isLoggedIn));
  else
    process.stdout.write(
      `${JSON.stringify(await reportOf(setting, credential, method), null, 2)}\n`,
    );
  return isLoggedIn ? 0 : 1;
}

type Method = "none" | "claude.ai" | "oauth_token" | "api_key" | "api_key_helper";

function methodOf(source: Source, setting: Setting): Method {
  switch (source) {
    case "claude-file":
      return readLogin(setting).kind === "login" ? "claude.ai" : "none";
    case "CLAUDE_CODE_OAUTH_TOKEN":
    case "ANTHROPIC_AUTH_TOKEN":
      return "oauth_token";
    case "ANTHROPIC_API_KEY":
      return "api_key";
    case "apiKeyHelper":
      return "api_key_helper";
    default:
      return "none";
  }
}

async function reportOf(setting: Setting, credential: CredentialInUse, method: Method) {
  const { build, configDir } = setting;
  const isNew = build.version === "2.1.329";
  const login = method === "claude.ai" ? credential.login : null;
  const endsAt = login?.loginEndsAt ?? null;
  const account = login === null || !isNew ? null : await profileOf(setting, login.accessToken);
  return {
    loggedIn: method !== "none",
    authMethod: method,
    apiProvider: "firstParty",
    ...(isNew && {
      analyticsDisabled: true,
      projectsDirectory: join(configDir, "projects"),
      configDirectory: configDir,
      loginExpiresAt: endsAt === null ? null : new Date(endsAt).toISOString(),
      consoleProfileSignInOffered: true,
    }),
    ...(login !== null && {
      email: account?.email ?? null,
      orgId: account?.organizationId ?? null,
      orgName: null,
      subscriptionType: login.subscriptionType,
    }),
    ...(isNew &&
      login !== null && {
        storedClaudeAiLogin: true,
        planTier: login.rateLimitTier?.replace(/^default_claude_/, "") ?? null,
      }),
    ...(method === "api_key" && { apiKeySource: "ANTHROPIC_API_KEY" }),
  };
}

function textOf({ login }: CredentialInUse, isLoggedIn: boolean): string {
  if (!isLoggedIn) return NOT_LOGGED_IN;
  return `Login method: ${login === null ? "token" : "Claude Max account"}\n`;
}
