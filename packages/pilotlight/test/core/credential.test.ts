import { describe, expect, it } from "vitest";
import { isBlanked, isSamePair, pairOf, tokenKindOf } from "../../src/core/credential.ts";
import { credential, fingerprint, token } from "./credential-fixture.ts";

const a = fingerprint("sk-ant-oat01-TEST-a");
const b = fingerprint("sk-ant-oat01-TEST-b");
const r = fingerprint("sk-ant-ort01-TEST-r");
const s = fingerprint("sk-ant-ort01-TEST-s");

describe("a pair of tokens", () => {
  it.each([
    ["both tokens agree", { access: a, refresh: r }, true],
    ["the access token differs", { access: b, refresh: r }, false],
    ["the refresh token differs", { access: a, refresh: s }, false],
    ["both differ", { access: b, refresh: s }, false],
    ["the access token is gone", { access: null, refresh: r }, false],
    ["the refresh token is gone", { access: a, refresh: null }, false],
  ])("is the same generation when %s: %o", (_name, other, expected) => {
    expect(isSamePair({ access: a, refresh: r }, other)).toBe(expected);
    expect(isSamePair(other, { access: a, refresh: r })).toBe(expected);
  });

  it("is the same when both have nothing", () => {
    const nothing = { access: null, refresh: null };
    expect(isSamePair(nothing, { ...nothing })).toBe(true);
  });

  it("is made of a credential's fingerprints", () => {
    const one = credential({ accessToken: token("sk-ant-oat01-TEST-b"), refreshToken: null });
    expect(pairOf(one)).toEqual({ access: b, refresh: null });
  });
});

describe("a credential", () => {
  it.each([
    ["both tokens", credential(), false],
    ["no access token", credential({ accessToken: null }), false],
    ["no refresh token", credential({ refreshToken: null }), false],
    ["neither", credential({ accessToken: null, refreshToken: null }), true],
  ])("with %s is blanked: %o", (_name, one, expected) => {
    expect(isBlanked(one)).toBe(expected);
  });
});

describe("the kind of a token", () => {
  it.each([
    ["sk-ant-oat01-TEST", "oauth-access"],
    ["sk-ant-ort01-TEST", "oauth-refresh"],
    ["sk-ant-api03-TEST", "api-key"],
    ["sk-ant-other-TEST", "unknown"],
    ["", "unknown"],
    [" sk-ant-oat01-TEST", "unknown"],
  ] as const)("%s is told by its prefix", (text, kind) => {
    expect(tokenKindOf(text)).toBe(kind);
  });
});
