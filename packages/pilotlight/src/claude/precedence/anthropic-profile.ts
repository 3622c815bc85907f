import { join } from "node:path";
import { type Fields, isObject } from "../../core/json-object.ts";
import type { Environment } from "../locations.ts";
import { readSmallText } from "../../disk/read-small-text.ts";
import type { ProfileRole } from "./precedence.ts";

/** The Anthropic profile that Claude Code meets here. */
export interface AnthropicProfile {
  /** `null`: Claude Code passes over it. */
  readonly role: ProfileRole | null;
  /** The file or the variables it is made of. */
  readonly where: string;
  /** Why it is passed over, or why it will fail all the same; `null` where nothing shows. */
  readonly trouble: string | null;
}

/**
 * Finds the profile as Claude Code does (2.1.329, 2026-11): the one ANTHROPIC_PROFILE names, and no
 * other; else a federation by variables; else the active one. `null` where there is none.
 */
export async function readAnthropicProfile(
  env: Environment,
  home: string,
  now: number,
): Promise<AnthropicProfile | null> {
  const set = (name: string) => (env[name] ?? "").trim();
  const directory = directoryOf(env, home);
  const named = set("ANTHROPIC_PROFILE");
  if (named !== "") return readProfile(directory, named, now, "chosen");
  if (set("ANTHROPIC_FEDERATION_RULE_ID") !== "" && set("ANTHROPIC_ORGANIZATION_ID") !== "") {
    const tokens = ["ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE"].map(set);
    const isProvable = tokens.some((token) => token !== "");
    const trouble = "neither ANTHROPIC_IDENTITY_TOKEN_FILE nor ANTHROPIC_IDENTITY_TOKEN is set";
    const where = "ANTHROPIC_FEDERATION_RULE_ID and ANTHROPIC_ORGANIZATION_ID";
    return { role: "chosen", where, trouble: isProvable ? null : trouble };
  }
  const active = (await textAt(join(directory, "active_config")))?.trim() || "default";
  const profile = await readProfile(directory, active, now, "fallback");
  return profile.trouble === MISSING ? null : profile;
}

const MISSING = "there is no such file";

function directoryOf(env: Environment, home: string): string {
  const given = env["ANTHROPIC_CONFIG_DIR"];
  if (given) return given;
  if (process.platform !== "win32") {
    return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "anthropic");
  }
  return env["APPDATA"]
    ? join(env["APPDATA"], "Anthropic")
    : join(home, "AppData", "Roaming", "Anthropic");
}

async function readProfile(
  directory: string,
  name: string,
  now: number,
  role: ProfileRole,
): Promise<AnthropicProfile> {
  const where = join(directory, "configs", `${name}.json`);
  const passedOver = (trouble: string) => ({ role: null, where, trouble });
  if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) {
    return { role, where, trouble: `${JSON.stringify(name)} is no name of a profile` };
  }
  const text = await textAt(where);
  if (text === null) return passedOver(MISSING);
  const authentication = objectIn(text)?.["authentication"];
  if (!isObject(authentication)) return passedOver("it is no profile");
  switch (authentication["type"]) {
    case "oidc_federation":
      // A federation is chosen by being active: only a signed-in user stands behind the login.
      return { role: "chosen", where, trouble: null };
    case "user_oauth":
      return readUser(directory, name, authentication, now, role);
    default:
      return passedOver("its authentication.type is neither user_oauth nor oidc_federation");
  }
}

async function readUser(
  directory: string,
  name: string,
  authentication: Fields,
  now: number,
  role: ProfileRole,
): Promise<AnthropicProfile> {
  const path = authentication["credentials_path"];
  const where =
    typeof path === "string" && path !== "" ? path : join(directory, "credentials", `${name}.json`);
  const text = await textAt(where);
  if (text === null || text.trim() === "") {
    return { role: null, where, trouble: "its credentials are not there" };
  }
  const credentials = objectIn(text);
  const end = credentials?.["expires_at"];
  const isEnded = typeof end === "number" && end * 1000 <= now;
  const isRenewable = typeof credentials?.["refresh_token"] === "string";
  const trouble =
    typeof credentials?.["access_token"] !== "string"
      ? "its credentials hold no access token"
      : isEnded && !isRenewable
        ? "its access token has ended, and it has no refresh token"
        : null;
  return { role, where, trouble };
}

async function textAt(path: string): Promise<string | null> {
  return readSmallText(path).catch(() => null);
}

function objectIn(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
