import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { objectIn } from "./exchange.ts";
import type { Setting } from "./setting.ts";

/** A login as the file holds it. */
export interface StoredLogin {
  readonly accessToken: string;
  /** `null` for an access-only credential. */
  readonly refreshToken: string | null;
  /** Epoch ms. */
  readonly expiresAt: number | null;
  /** Epoch ms. */
  readonly loginEndsAt: number | null;
  readonly subscriptionType: string | null;
  readonly rateLimitTier: string | null;
}

/** What stands in the credential file. `ended` is a login that was emptied after a rejected grant. */
export type LoginFile =
  | { readonly kind: "none" }
  | { readonly kind: "ended"; readonly atTimeLimit: boolean }
  | { readonly kind: "login"; readonly login: StoredLogin };

/** Epoch ms and strings as the token endpoint gave them; absent keys keep what is stored. */
export interface NewTokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** How long before its end a token counts as ended: 5 min on both builds (measured 2026-11). */
const SKEW = 300_000;

export function isDue(login: StoredLogin, now: number): boolean {
  return login.refreshToken !== null && login.expiresAt !== null && now + SKEW >= login.expiresAt;
}

/** Reads the file; one that cannot be read or understood holds no login. */
export function readLogin({ build, credentialsFile }: Setting): LoginFile {
  const fields = fieldsIn(documentAt(credentialsFile));
  if (fields === null) return { kind: "none" };
  const accessToken = textAt(fields, "accessToken");
  const refreshToken = textAt(fields, "refreshToken");
  if (accessToken === null) {
    const isEmptied = fields["accessToken"] === "" && build.blanks;
    if (!isEmptied) return { kind: "none" };
    return { kind: "ended", atTimeLimit: fields["loginEnded"] === "time_limit" };
  }
  const scopes = fields["scopes"];
  const mayInfer = Array.isArray(scopes) && (scopes as unknown[]).includes("user:inference");
  if (!mayInfer) return { kind: "none" };
  const login: StoredLogin = {
    accessToken,
    refreshToken,
    expiresAt: numberAt(fields, "expiresAt"),
    loginEndsAt: numberAt(fields, "refreshTokenExpiresAt"),
    subscriptionType: textAt(fields, "subscriptionType"),
    rateLimitTier: textAt(fields, "rateLimitTier"),
  };
  return { kind: "login", login };
}

/** When the login in the file ends (epoch ms), if it can be refreshed until then; read anew. */
export function loginEndIn({ credentialsFile }: Setting): number | null {
  const fields = fieldsIn(documentAt(credentialsFile));
  if (fields === null || textAt(fields, "refreshToken") === null) return null;
  return numberAt(fields, "refreshTokenExpiresAt");
}

/** Stores new tokens as the build does. @throws the system's own error. */
export function storeTokens(setting: Setting, tokens: NewTokens): void {
  const { build, credentialsFile } = setting;
  const document = documentAt(credentialsFile) ?? {};
  const old = fieldsIn(document) ?? {};
  const kept = Object.entries(old).filter(([key]) => build.keptKeys.includes(key));
  const refreshToken = tokens.refreshToken ?? old["refreshToken"];
  const { accessToken, expiresAt, scopes } = tokens;
  const claudeAiOauth = {
    accessToken,
    refreshToken,
    expiresAt,
    scopes,
    ...Object.fromEntries(kept),
  };
  write(setting, JSON.stringify({ ...document, claudeAiOauth }));
}

/** Stores a new login beside what others keep in the file, and notes whose it is. @throws the system's own error. */
export function storeLogin(setting: Setting, claudeAiOauth: object, account: object | null): void {
  const document = documentAt(setting.credentialsFile) ?? {};
  write(setting, JSON.stringify({ ...document, claudeAiOauth }));
  if (account === null) return;
  const noted = documentAt(setting.stateFile) ?? {};
  replace(setting.stateFile, JSON.stringify({ ...noted, oauthAccount: account }));
}

/** Empties the tokens of a login that the server rejected, and keeps everything else. @throws the system's own error. */
export function blank(setting: Setting, atTimeLimit: boolean): void {
  const document = documentAt(setting.credentialsFile) ?? {};
  const claudeAiOauth = {
    ...fieldsIn(document),
    accessToken: "",
    refreshToken: "",
    expiresAt: 0,
    ...(atTimeLimit && { loginEnded: "time_limit" }),
  };
  write(setting, JSON.stringify({ ...document, claudeAiOauth }));
}

function write({ build, credentialsFile }: Setting, text: string): void {
  if (build.replacesFile) replace(credentialsFile, text);
  else overwrite(credentialsFile, text);
}

/** Replaces even a symlink, as the build does; a file that is a mount point cannot be replaced and is written in place. */
function replace(path: string, text: string): void {
  const temp = `${path}.tmp.${randomBytes(6).toString("hex")}`;
  const file = openSync(temp, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    renameSync(temp, path);
  } catch {
    unlinkSync(temp);
    overwrite(path, text);
  }
}

function overwrite(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
}

function documentAt(path: string): Fields | null {
  try {
    return objectIn(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

function fieldsIn(document: Fields | null): Fields | null {
  const login = document?.["claudeAiOauth"];
  return typeof login === "object" && login !== null ? (login as Fields) : null;
}

function textAt(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === "string" && value !== "" ? value : null;
}

function numberAt(fields: Fields, key: string): number | null {
  const value = Number(fields[key] ?? Number.NaN);
  return Number.isFinite(value) ? value : null;
}
