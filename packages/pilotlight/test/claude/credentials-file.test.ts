import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { credentialOf, credentialsFile } from "../../src/claude/credentials-file.ts";
import { type Credential, isBlanked, isSamePair, pairOf } from "../../src/core/credential.ts";

const ACCESS = "sk-ant-oat01-TEST-access";
const REFRESH = "sk-ant-ort01-TEST-refresh";
const DEEP = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
const LOGIN = {
  accessToken: ACCESS,
  refreshToken: REFRESH,
  expiresAt: 1_795_242_128_458,
  refreshTokenExpiresAt: 1_797_805_328_458,
  scopes: ["user:inference", "user:profile"],
  subscriptionType: "max",
  subscriptionTypeSource: "sign_in",
  rateLimitTier: "default_claude_max_5x",
};

function documentWith(login: unknown, siblings: object = {}): string {
  return JSON.stringify({ ...siblings, claudeAiOauth: login });
}

function present(text: string): Credential {
  const entry = credentialsFile.parse(text);
  if (entry.state !== "present") throw new Error(`it is ${entry.state}: ${JSON.stringify(entry)}`);
  return entry.credential;
}

function reasonOf(text: string): string {
  const entry = credentialsFile.parse(text);
  if (entry.state !== "unreadable") throw new Error(`it is ${entry.state}`);
  expect(entry.code).toBe("credential_corrupt");
  return entry.reason;
}

describe("reading a credentials file", () => {
  it("takes what Claude Code writes after a sign-in", () => {
    const credential = present(documentWith(LOGIN));
    expect(credential.accessToken?.secret.reveal()).toBe(ACCESS);
    expect(credential.refreshToken?.secret.reveal()).toBe(REFRESH);
    expect(credential).toMatchObject({
      expiresAt: LOGIN.expiresAt,
      loginEndsAt: LOGIN.refreshTokenExpiresAt,
      scopes: LOGIN.scopes,
      subscriptionType: "max",
    });
    expect(credential.fields.reveal()).toEqual(LOGIN);
  });

  it.each([
    ["no scopes", { scopes: undefined }, null],
    ["null", { scopes: null }, null],
    ["a text", { scopes: "user:inference" }, null],
    ["an empty list", { scopes: [] }, []],
    ["odd members", { scopes: ["user:inference", 7, null] }, ["user:inference"]],
  ])("bears odd scopes: %s", (_name, odd, scopes) => {
    expect(present(documentWith({ ...LOGIN, ...odd })).scopes).toEqual(scopes);
  });

  it.each([
    ["missing", undefined, null],
    ["null", null, null],
    ["in seconds", 1_795_242_128, 1_795_242_128],
    ["digits in quotes", "1795242128458", 1_795_242_128_458],
    ["the blanked stub's zero", 0, 0],
  ])("reads an end that is %s", (_name, stored, expected) => {
    const login = { ...LOGIN, expiresAt: stored, refreshTokenExpiresAt: stored };
    expect(present(documentWith(login))).toMatchObject({
      expiresAt: expected,
      loginEndsAt: expected,
    });
  });

  it.each([
    ["empty texts, as Claude Code blanks them", { accessToken: "", refreshToken: "" }],
    ["nulls", { accessToken: null, refreshToken: null }],
    ["blanks", { accessToken: " ", refreshToken: "\n" }],
    ["no tokens at all", { accessToken: undefined, refreshToken: undefined }],
  ])("takes %s for a blanked login", (_name, tokens) => {
    const credential = present(documentWith({ ...LOGIN, ...tokens, expiresAt: 0 }));
    expect(isBlanked(credential)).toBe(true);
    expect(pairOf(credential)).toEqual({ access: null, refresh: null });
  });

  it("takes a login without a refresh token for one, not for a blanked one", () => {
    const credential = present(documentWith({ ...LOGIN, refreshToken: null }));
    expect(credential.refreshToken).toBeNull();
    expect(isBlanked(credential)).toBe(false);
  });

  it.each([
    ["no object", "{}"],
    ["null", documentWith(null)],
    ["only the logins of MCP servers", JSON.stringify({ mcpOAuth: { s: { accessToken: "x" } } })],
  ])("takes a file with %s for a logged-out one", (_name, text) => {
    expect(credentialsFile.parse(text)).toEqual({ state: "absent" });
  });

  it.each([
    ["an empty file", "", "empty"],
    ["a file of blanks", " \n\t", "empty"],
    ["garbage", "not json at all", "not JSON"],
    ["a truncated document", documentWith(LOGIN).slice(0, 90), "truncated"],
    [
      "a login nested too deep",
      `{"claudeAiOauth":{"accessToken":"TEST","x":${DEEP}}}`,
      "deeper than 500 levels",
    ],
    ["a sibling nested too deep", `{"claudeAiOauth":null,"mcpOAuth":${DEEP}}`, "deeper than 500"],
    ["a list", JSON.stringify([{ claudeAiOauth: LOGIN }]), "a list"],
    ["a text", JSON.stringify("login"), "a string"],
    ["null", "null", "null"],
    ["a byte order mark", `\uFEFF${documentWith(LOGIN)}`, "byte order mark"],
    ["a login that is a text", documentWith(ACCESS), '"claudeAiOauth" is a string'],
    ["a login that is a list", documentWith([ACCESS]), '"claudeAiOauth" is a list'],
    ["a token that is a number", documentWith({ ...LOGIN, accessToken: 7 }), ".accessToken"],
    ["a token that is an object", documentWith({ ...LOGIN, refreshToken: {} }), ".refreshToken"],
    ["a date as an end", documentWith({ ...LOGIN, expiresAt: "2026-11-20" }), ".expiresAt"],
    ["an endless number", documentWith(LOGIN).replace(/17\d+/, "1e999"), ".expiresAt"],
    [
      "an end of the login that is true",
      documentWith({ ...LOGIN, refreshTokenExpiresAt: true }),
      ".refreshTokenExpiresAt",
    ],
  ])("says what is wrong with %s, and quotes no token", (_name, text, part) => {
    const reason = reasonOf(text);
    expect(reason).toContain(part);
    expect(reason).not.toContain("sk-ant");
  });
});

describe("writing a credentials file", () => {
  it("puts the new pair over the live one and keeps what only the live one has", () => {
    const live = documentWith(
      { ...LOGIN, ownKey: { deep: [1] } },
      { mcpOAuth: { server: { accessToken: "TEST-mcp" } }, organizationUuid: "TEST" },
    );
    const next = present(
      documentWith({ accessToken: "TEST-a2", refreshToken: "TEST-r2", news: 1 }),
    );
    expect(JSON.parse(credentialsFile.merge(live, next))).toEqual({
      mcpOAuth: { server: { accessToken: "TEST-mcp" } },
      organizationUuid: "TEST",
      claudeAiOauth: {
        ...LOGIN,
        ownKey: { deep: [1] },
        accessToken: "TEST-a2",
        refreshToken: "TEST-r2",
        news: 1,
      },
    });
  });

  it.each([
    ["nothing", null],
    ["a truncated file", '{"claudeAiOauth":{"acc'],
    ["a list", "[]"],
    ["a login that is no object", '{"claudeAiOauth":"x"}'],
    ["a file nested too deep", `{"x":${DEEP}}`],
  ])("writes a whole document over %s", (_name, live) => {
    const next = present(documentWith(LOGIN));
    expect(JSON.parse(credentialsFile.merge(live, next))).toEqual({ claudeAiOauth: LOGIN });
  });

  it("keeps the siblings of a file that begins with a byte order mark, and drops the mark", () => {
    const live = `\uFEFF${documentWith(LOGIN, { mcpOAuth: {} })}`;
    const text = credentialsFile.merge(live, present(documentWith(LOGIN)));
    expect(JSON.parse(text)).toEqual({ claudeAiOauth: LOGIN, mcpOAuth: {} });
  });

  it("writes compact JSON on one line, as Claude Code does", () => {
    const text = credentialsFile.merge(null, present(documentWith(LOGIN)));
    expect(text).toBe(documentWith(LOGIN));
  });
});

describe("any document", () => {
  const token = fc
    .stringMatching(/^[A-Za-z0-9_-]{6,40}$/)
    .map((text) => `sk-ant-oat01-TEST${text}`);
  const login = fc.record(
    {
      accessToken: fc.oneof(token, fc.constant(""), fc.constant(null)),
      refreshToken: fc.oneof(token, fc.constant(""), fc.constant(null)),
      expiresAt: fc.oneof(fc.integer({ min: 0 }), fc.constant(null)),
      refreshTokenExpiresAt: fc.integer({ min: 0 }),
      scopes: fc.array(fc.string()),
    },
    { requiredKeys: [] },
  );
  const extras = fc.dictionary(
    fc.string().filter((key) => !(key in LOGIN)),
    fc.jsonValue({ depthSize: "small" }),
  );
  const siblings = fc.dictionary(
    fc.string().filter((key) => key !== "claudeAiOauth"),
    fc.jsonValue({ depthSize: "small" }),
  );
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

  it("gives back the next pair after a merge, whatever was there before", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.constant(null)),
        login.map(plain),
        (live, fields) => {
          const entry = credentialOf(fields);
          if (entry.state !== "present") throw new Error("a login is a credential");
          // A key that the next one lacks is taken from the live one.
          const next = { accessToken: null, refreshToken: null, ...fields };
          const whole = credentialOf(next);
          if (whole.state !== "present") throw new Error("a login is a credential");
          const read = credentialsFile.parse(credentialsFile.merge(live, whole.credential));
          return (
            read.state === "present" &&
            isSamePair(pairOf(read.credential), pairOf(whole.credential))
          );
        },
      ),
    );
  });

  it("keeps every unknown key at both levels through a merge", () => {
    fc.assert(
      fc.property(login, extras, siblings, login, extras, (old, inside, beside, fresh, news) => {
        const live = JSON.stringify({ ...beside, claudeAiOauth: { ...inside, ...old } });
        const entry = credentialOf(plain({ ...news, ...fresh }));
        if (entry.state !== "present") throw new Error("a login is a credential");
        const merged = plain(JSON.parse(credentialsFile.merge(live, entry.credential)));
        expect(merged).toEqual({
          ...plain(beside),
          claudeAiOauth: { ...plain(inside), ...plain(old), ...plain(news), ...plain(fresh) },
        });
      }),
    );
  });

  it("is read without a throw, and its reason never quotes a token", () => {
    const sick = fc
      .tuple(token, fc.nat({ max: 200 }), fc.jsonValue(), fc.string())
      .chain(([text, cut, value, garbage]) =>
        fc.constantFrom(
          JSON.stringify({ claudeAiOauth: { accessToken: text } }).slice(0, cut),
          JSON.stringify({ claudeAiOauth: { accessToken: [text], refreshToken: value } }),
          JSON.stringify({ claudeAiOauth: { refreshToken: { [text]: value } } }),
          JSON.stringify({ claudeAiOauth: { accessToken: text, expiresAt: text } }),
          JSON.stringify({ claudeAiOauth: text, [text]: value }),
          JSON.stringify(text),
          `${garbage}${text}`,
          `${text}${garbage}`,
        ),
      );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), sick), (text) => {
        const entry = credentialsFile.parse(text);
        if (entry.state === "unreadable") expect(entry.reason).not.toMatch(/sk-ant|TEST/);
      }),
      { numRuns: 500 },
    );
  });
});
