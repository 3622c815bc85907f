import { describe, expect, it } from "vitest";
import { credentialOf } from "../../src/claude/credentials-file.ts";
import type { Credential } from "../../src/core/credential.ts";
import type { GrantResult } from "../../src/core/ports.ts";
import { type RawResponse, readTokenResponse } from "../../src/oauth/token-response.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;
const STORED = {
  accessToken: "sk-ant-oat01-TEST-old",
  refreshToken: "sk-ant-ort01-TEST-old",
  expiresAt: NOW - HOUR,
  refreshTokenExpiresAt: NOW + 20 * 24 * HOUR,
  scopes: ["user:inference"],
  subscriptionType: "max",
  ownKey: 1,
};
const ISSUED = {
  token_type: "Bearer",
  access_token: "sk-ant-oat01-TEST-new",
  refresh_token: "sk-ant-ort01-TEST-new",
  expires_in: 28_800,
  scope: "user:inference user:profile",
};

function read(status: number, body: unknown, more: Partial<RawResponse> = {}): GrantResult {
  const raw = {
    status,
    contentType: "application/json",
    retryAfter: null,
    body: typeof body === "string" ? body : JSON.stringify(body),
    receivedAt: NOW,
    ...more,
  };
  return readTokenResponse(raw, STORED, credentialOf);
}

function issued(body: object): Credential {
  const result = read(200, body);
  if (result.kind !== "issued") throw new Error(`it is ${JSON.stringify(result)}`);
  return result.credential;
}

describe("a successful answer (RFC 6749 §5.1)", () => {
  it("becomes the next generation, with everything else of the last one kept", () => {
    const { fields, ...credential } = issued(ISSUED);
    expect(credential.accessToken?.secret.reveal()).toBe(ISSUED.access_token);
    expect(credential.refreshToken?.secret.reveal()).toBe(ISSUED.refresh_token);
    expect(credential).toMatchObject({
      expiresAt: NOW + 8 * HOUR,
      loginEndsAt: STORED.refreshTokenExpiresAt,
      scopes: ["user:inference", "user:profile"],
      subscriptionType: "max",
    });
    expect(fields.reveal()).toMatchObject({ ownKey: 1, expiresAt: NOW + 8 * HOUR });
  });

  it.each([
    ["omitted", undefined],
    ["empty", ""],
    ["null", null],
  ])("keeps the refresh token when the new one is %s", (_name, token) => {
    const credential = issued({ ...ISSUED, refresh_token: token });
    expect(credential.refreshToken?.secret.reveal()).toBe(STORED.refreshToken);
    expect(credential.accessToken?.secret.reveal()).toBe(ISSUED.access_token);
  });

  it.each([
    ["omitted", undefined],
    ["empty", " "],
    ["a list", ["user:inference"]],
  ])("keeps the scopes when the new ones are %s", (_name, scope) => {
    expect(issued({ ...ISSUED, scope }).scopes).toEqual(STORED.scopes);
  });

  it.each([
    ["omitted", undefined, null],
    ["null", null, null],
    ["zero", 0, null],
    ["negative", -1, null],
    ["a text", "soon", null],
    ["too large for any date", 1e300, null],
    ["longer than a century", 4_000_000_000, null],
    ["digits in quotes", "3600", NOW + HOUR],
    ["a year", 31_536_000, NOW + 365 * 24 * HOUR],
    ["a fraction", 1.5, NOW + 1500],
  ])("never loses a token over an expires_in that is %s", (_name, expiresIn, expiresAt) => {
    const credential = issued({ ...ISSUED, expires_in: expiresIn });
    expect(credential.expiresAt).toBe(expiresAt);
    expect(credential.accessToken?.secret.reveal()).toBe(ISSUED.access_token);
  });

  it("does not let a refresh move the end of the login, but believes an earlier one", () => {
    const later = issued({ ...ISSUED, refresh_token_expires_in: 30 * 24 * 3600 });
    expect(later.loginEndsAt).toBe(STORED.refreshTokenExpiresAt);
    const earlier = issued({ ...ISSUED, refresh_token_expires_in: 3600 });
    expect(earlier.loginEndsAt).toBe(NOW + HOUR);
  });

  it.each([
    ["half of the JSON", JSON.stringify(ISSUED).slice(0, 60)],
    ["nothing", ""],
    ["a page", "<html>ok</html>"],
    ["a list", "[]"],
    ["no access token", { ...ISSUED, access_token: undefined }],
    ["an empty access token", { ...ISSUED, access_token: "" }],
    ["an access token that is no text", { ...ISSUED, access_token: 7 }],
    ["an error with status 200", { error: "invalid_grant" }],
  ])("leaves a doubt when the body is %s, and quotes none of it", (_name, body) => {
    const result = read(200, body);
    expect(result).toMatchObject({ kind: "failed", code: "in_doubt", spent: "maybe" });
    expect(JSON.stringify(result)).not.toContain("TEST");
  });
});

const OAUTH = (error: string) => ({ error, error_description: "sk-ant-ort01-TEST quoted" });
const ANTHROPIC = (type: string) => ({ type: "error", error: { type, message: "invalid_grant" } });
const PAGE = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>";

describe("a failure (RFC 6749 §5.2 and what is in front of a server)", () => {
  it.each([400, 401])("%i invalid_grant is the one that rejects the grant", (status) => {
    expect(read(status, OAUTH("invalid_grant"))).toEqual({
      kind: "rejected",
      detail: `the token endpoint said ${status} invalid_grant`,
    });
  });

  it.each([
    [400, ANTHROPIC("invalid_request_error"), "endpoint_unavailable", "no"],
    [401, ANTHROPIC("authentication_error"), "endpoint_unavailable", "no"],
    [400, PAGE, "endpoint_unavailable", "no"],
    [400, OAUTH("invalid_request"), "endpoint_refused", "no"],
    [400, OAUTH("invalid_scope"), "endpoint_refused", "no"],
    [400, OAUTH("unauthorized_client"), "endpoint_refused", "no"],
    [400, OAUTH("unsupported_grant_type"), "endpoint_refused", "no"],
    [401, OAUTH("invalid_client"), "endpoint_refused", "no"],
    [400, OAUTH("temporarily_unavailable"), "endpoint_unavailable", "no"],
    [403, PAGE, "edge_forbidden", "no"],
    [403, ANTHROPIC("forbidden"), "endpoint_refused", "no"],
    [404, "not found", "endpoint_refused", "no"],
    [301, "", "endpoint_unavailable", "no"],
    [307, PAGE, "endpoint_unavailable", "no"],
    [407, PAGE, "endpoint_unavailable", "no"],
    [429, ANTHROPIC("rate_limit_error"), "throttled", "no"],
    [429, OAUTH("invalid_grant"), "throttled", "no"],
    [500, ANTHROPIC("api_error"), "endpoint_unavailable", "no"],
    [500, OAUTH("invalid_grant"), "endpoint_unavailable", "no"],
    [502, "Bad Gateway", "in_doubt", "maybe"],
    [503, PAGE, "endpoint_unavailable", "no"],
    [504, "", "in_doubt", "maybe"],
    [529, ANTHROPIC("overloaded_error"), "endpoint_unavailable", "no"],
  ])("%i %j is %s, spent: %s", (status, body, code, spent) => {
    const result = read(status, body);
    expect(result).toMatchObject({ kind: "failed", code, spent });
    expect(result).toHaveProperty("detail", expect.stringContaining(String(status)));
    expect(JSON.stringify(result)).not.toContain("TEST");
  });

  it.each([
    ["none", null, null],
    ["seconds", "30", 30_000],
    ["zero seconds", "0", 0],
    ["a date", new Date(NOW + 90_000).toUTCString(), 90_000],
    ["a past date", new Date(NOW - 90_000).toUTCString(), null],
    ["a negative number", "-5", null],
    ["nonsense", "a while", null],
  ])("passes on a Retry-After of %s", (_name, retryAfter, ms) => {
    expect(read(429, "", { retryAfter })).toMatchObject({ code: "throttled", retryAfter: ms });
  });
});
