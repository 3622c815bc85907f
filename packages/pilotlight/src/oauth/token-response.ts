import type { Entry } from "../core/credential.ts";
import type { GrantResult } from "../core/ports.ts";
import { failedGrant, recogniseRefresh } from "../core/recognise-refresh.ts";

/** An answer of the token endpoint as it came, kept before anything is made of it. */
export interface RawResponse {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | null;
  readonly body: string;
  /** Epoch ms. */
  readonly receivedAt: number;
}

/** A life (s) longer than a century is a mistake of whoever sent it. */
const LONGEST = 100 * 365 * 24 * 60 * 60;

type Fields = Readonly<Record<string, unknown>>;

/** Builds a credential from the fields that Claude Code stores. */
export type ParseFields = (fields: Fields) => Entry;

/**
 * Reads an answer to a refresh grant made with the credential whose stored fields are `fields`.
 * @see RFC 6749 §5.1 (a refresh token may be omitted: the old one stays), §5.2 (errors)
 */
export function readTokenResponse(
  raw: RawResponse,
  fields: Fields,
  parseFields: ParseFields,
): GrantResult {
  const answer = parseJson(raw.body);
  if (raw.status >= 200 && raw.status < 300) return readSuccess(raw, answer, fields, parseFields);
  return readFailure(raw, answer);
}

function readSuccess(
  raw: RawResponse,
  answer: Fields | null,
  fields: Fields,
  parseFields: ParseFields,
): GrantResult {
  const accessToken = answer?.["access_token"];
  if (typeof accessToken !== "string" || accessToken === "") {
    const detail = `the token endpoint said ${raw.status} with a body that holds no access token; it is kept in the spill`;
    return hollow(detail);
  }
  const entry = parseFields({ ...fields, ...storedFields(raw, answer ?? {}, fields, accessToken) });
  if (entry.state !== "present") {
    const detail = "the new tokens could not be understood; they are kept in the spill";
    return hollow(detail);
  }
  return { kind: "issued", credential: entry.credential };
}

function hollow(detail: string): GrantResult {
  return failedGrant(recogniseRefresh({ via: "endpoint", isHollow: true }), detail);
}

function storedFields(
  raw: RawResponse,
  answer: Fields,
  fields: Fields,
  accessToken: string,
): Fields {
  const stored: Record<string, unknown> = { accessToken };
  const refreshToken = answer["refresh_token"];
  if (typeof refreshToken === "string" && refreshToken !== "")
    stored["refreshToken"] = refreshToken;
  const expiresIn = secondsIn(answer["expires_in"]);
  // Without expires_in the old hint would be a lie; null makes the server's word decide.
  stored["expiresAt"] = expiresIn === null ? null : raw.receivedAt + expiresIn * 1000;
  const endsIn = secondsIn(answer["refresh_token_expires_in"]);
  if (endsIn !== null) {
    // A refresh does not move the end of a login (measured on 2.1.329, 2026-11), so a later one is not believed.
    const known = fields["refreshTokenExpiresAt"];
    const end = raw.receivedAt + endsIn * 1000;
    stored["refreshTokenExpiresAt"] = typeof known === "number" ? Math.min(known, end) : end;
  }
  const scope = answer["scope"];
  if (typeof scope === "string" && scope.trim() !== "") stored["scopes"] = scope.trim().split(/ +/);
  return stored;
}

function readFailure(raw: RawResponse, answer: Fields | null): GrantResult {
  const { status } = raw;
  // RFC 6749 §5.2 puts the code into "error" as text; an Anthropic-style error object says nothing about the grant.
  const oauthError = typeof answer?.["error"] === "string" ? answer["error"] : null;
  const row = recogniseRefresh({
    via: "endpoint",
    isAnswered: true,
    httpStatus: status,
    oauthError,
    body: answer === null ? "other" : "json",
  });
  const name = oauthError === null ? "" : ` ${oauthError.slice(0, 40)}`;
  const redirect = status >= 300 && status < 400 ? " (a redirect, which is not followed)" : "";
  return failedGrant(row, `the token endpoint said ${status}${name}${redirect}`, retryAfterIn(raw));
}

/** ms; RFC 9110 §10.2.3 allows seconds or a date. */
function retryAfterIn({ retryAfter, receivedAt }: RawResponse): number | null {
  if (retryAfter === null) return null;
  const seconds = Number(retryAfter);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(retryAfter) - receivedAt;
  return Number.isFinite(ms) && ms >= 0 ? ms : null;
}

/** Digits in quotes count: servers that send them exist, and losing the token over it helps nobody. */
function secondsIn(value: unknown): number | null {
  const seconds = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof seconds === "number" && seconds > 0 && seconds <= LONGEST ? seconds : null;
}

function parseJson(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}
