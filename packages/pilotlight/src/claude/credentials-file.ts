import type { Credential, Entry } from "../core/credential.ts";
import { DEEPEST, type Fields, isObject, isTooDeep } from "../core/json-object.ts";
import type { CredentialFormat } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";
import { tokenOf } from "./fingerprint.ts";

/** The key that holds the login; its siblings (`mcpOAuth` and whatever comes) belong to others. */
const LOGIN_KEY = "claudeAiOauth";

/** What some editors put first; 2.1.329 and 2.1.104 then say "Not logged in" (measured 2026-11). */
const BYTE_ORDER_MARK = "\uFEFF";

/** Claude Code's `.credentials.json`: `{"claudeAiOauth": {accessToken, refreshToken, expiresAt (ms), …}, …}`. */
export const credentialsFile: CredentialFormat = {
  parse(text) {
    if (text.startsWith(BYTE_ORDER_MARK)) {
      return corrupt("the file begins with a byte order mark: Claude Code takes it for logged out");
    }
    const document = parseObject(text);
    if (typeof document === "string") return corrupt(document);
    const login = document[LOGIN_KEY];
    // A file that holds only MCP logins, or nothing, is a logged-out one.
    if (login === undefined || login === null) return { state: "absent" };
    if (!isObject(login)) return corrupt(`"${LOGIN_KEY}" is ${nameOf(login)}, not an object`);
    return parseLogin(login);
  },

  merge(live, next) {
    const document = live === null ? {} : parseObject(live);
    const siblings = typeof document === "string" ? {} : document;
    const login = siblings[LOGIN_KEY];
    const kept = isObject(login) ? login : {};
    return JSON.stringify({ ...siblings, [LOGIN_KEY]: { ...kept, ...next.fields.reveal() } });
  },

  without(live) {
    const document = parseObject(live);
    if (typeof document === "string") return null;
    const { [LOGIN_KEY]: _, ...siblings } = document;
    return Object.keys(siblings).length === 0 ? null : JSON.stringify(siblings);
  },
};

/** Builds a credential from the fields of a login object. */
export function credentialOf(fields: Fields): Entry {
  return parseLogin(fields);
}

function parseLogin(fields: Fields): Entry {
  for (const key of ["accessToken", "refreshToken"]) {
    const value = fields[key];
    if (value !== undefined && value !== null && typeof value !== "string") {
      return corrupt(`"${LOGIN_KEY}.${key}" is ${nameOf(value)}, not text`);
    }
  }
  for (const key of ["expiresAt", "refreshTokenExpiresAt"]) {
    const value = fields[key] ?? null;
    if (value !== null && numberIn(value) === null) {
      return corrupt(`"${LOGIN_KEY}.${key}" is ${nameOf(value)}, not a number of milliseconds`);
    }
  }
  const scopes = fields["scopes"];
  const credential: Credential = {
    accessToken: tokenAt(fields, "accessToken"),
    refreshToken: tokenAt(fields, "refreshToken"),
    expiresAt: numberIn(fields["expiresAt"]),
    loginEndsAt: numberIn(fields["refreshTokenExpiresAt"]),
    // Claude Code tolerates odd scopes (measured on 2.1.329, 2026-11), so they are no corruption.
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === "string") : null,
    subscriptionType:
      typeof fields["subscriptionType"] === "string" ? fields["subscriptionType"] : null,
    fields: new Secret(fields),
  };
  return { state: "present", credential };
}

function tokenAt(fields: Fields, key: string) {
  const value = fields[key];
  return typeof value === "string" && value.trim() !== "" ? tokenOf(value) : null;
}

/** Digits in quotes count as the number, as they do for 2.1.329 and 2.1.104 (measured 2026-11). */
function numberIn(value: unknown): number | null {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** @returns the object, or what is wrong. Never quotes the text: it may hold tokens. */
function parseObject(text: string): Fields | string {
  if (text.trim() === "") return "the file is empty";
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch {
    return `the file is not JSON (${text.length} characters; truncated?)`;
  }
  if (isTooDeep(value)) return `the file is nested deeper than ${DEEPEST} levels`;
  return isObject(value) ? value : `the file holds ${nameOf(value)}, not an object`;
}

function corrupt(reason: string): Entry {
  return { state: "unreadable", code: "credential_corrupt", reason };
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
