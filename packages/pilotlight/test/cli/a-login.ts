import { writeFileSync } from "node:fs";
import { join } from "node:path";

const HOUR = 3_600_000;

/** The document of a login that is fresh now, with `fields` over it. Invented tokens only. */
export function loginDocument(fields: object = {}) {
  return {
    claudeAiOauth: {
      accessToken: "sk-ant-oat01-TEST-access",
      refreshToken: "sk-ant-ort01-TEST-refresh",
      expiresAt: Date.now() + 8 * HOUR,
      refreshTokenExpiresAt: Date.now() + 25 * 24 * HOUR,
      scopes: ["user:inference", "user:profile"],
      subscriptionType: "max",
      ...fields,
    },
  };
}

/** Stores it as `.credentials.json` in `dir`. @returns its path */
export function putLogin(dir: string, fields: object = {}): string {
  const path = join(dir, ".credentials.json");
  writeFileSync(path, JSON.stringify(loginDocument(fields)), { mode: 0o600 });
  return path;
}
