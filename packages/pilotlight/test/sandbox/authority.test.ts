import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Authority, authority, type AuthorityOptions } from "../../src/sandbox/index.ts";

const SCOPES = ["user:inference", "user:profile"];
const HOUR = 3_600_000;

/** An authority on a clock that moves only when it is told to, or by its own sleeping. */
function fixture(options: Partial<AuthorityOptions> = {}) {
  const clock = { time: 1_800_000_000_000 };
  const sleep = async (ms: number) => void (clock.time += ms);
  const server = authority({ now: () => clock.time, random: randomBytes, sleep, ...options });
  return { clock, server, first: server.ledger.open({ scopes: SCOPES }) };
}

interface Answer {
  status: number;
  body: Record<string, unknown> & { access_token: string; refresh_token: string; error?: string };
}

async function post(server: Authority, fields: object, path = "token"): Promise<Answer> {
  const url = `https://platform.claude.com/v1/oauth/${path}`;
  const headers = { "content-type": "application/json" };
  const request = new Request(url, { method: "POST", headers, body: JSON.stringify(fields) });
  const response = await server.fetch(request);
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

function refresh(server: Authority, token: string, more: object = {}): Promise<Answer> {
  return post(server, {
    grant_type: "refresh_token",
    refresh_token: token,
    client_id: "c",
    ...more,
  });
}

describe("a refresh grant", () => {
  it("answers in the server's shape, with realistic tokens that say TEST", async () => {
    const { server, first } = fixture();
    const { status, body } = await refresh(server, first.refreshToken);
    expect(status).toBe(200);
    expect(body).toEqual({
      token_type: "Bearer",
      access_token: expect.stringMatching(/^sk-ant-oat01-TEST[\w-]{91}$/),
      expires_in: 28_800,
      refresh_token: expect.stringMatching(/^sk-ant-ort01-TEST[\w-]{91}$/),
      refresh_token_expires_in: 2_592_000,
      scope: "user:inference user:profile",
      account: { uuid: expect.any(String), email_address: "person@sandbox.invalid" },
      organization: { uuid: expect.any(String), name: "Sandbox" },
    });
    expect(body.refresh_token).not.toBe(first.refreshToken);
    expect(body.access_token).toHaveLength(108);
  });

  it("takes a form as well as JSON", async () => {
    const { server, first } = fixture();
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: first.refreshToken,
      client_id: "c",
      expires_in: "60",
    });
    const url = "https://platform.claude.com/v1/oauth/token";
    const response = await server.fetch(new Request(url, { method: "POST", body }));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ expires_in: 60 });
  });

  it.each([
    ["by default revokes the access token before it at once", undefined, "revoked"],
    ["leaves the access token before it alone when told so", false, "live"],
  ] as const)("%s", async (_name, revokesPreviousAccess, state) => {
    const { server, first } = fixture({ revokesPreviousAccess });
    const { body } = await refresh(server, first.refreshToken);
    expect(server.ledger.accessState(first.accessToken)).toBe(state);
    expect(server.ledger.accessState(body.access_token)).toBe("live");
  });

  it("brings the same refresh token again on a server that does not rotate", async () => {
    const { server, first } = fixture({ rotates: false });
    for (let round = 1; round <= 3; round += 1) {
      const { body } = await refresh(server, first.refreshToken);
      expect(body.refresh_token).toBe(first.refreshToken);
      expect(server.ledger.counts).toMatchObject({ refreshes: round, reuses: 0 });
    }
  });

  it("honours a requested life of a year", async () => {
    const { server, first } = fixture();
    const { body } = await refresh(server, first.refreshToken, { expires_in: 31_536_000 });
    expect(body["expires_in"]).toBe(31_536_000);
  });

  it("grants no scope that the sign-in did not, and refuses when none is left", async () => {
    const { server, first } = fixture();
    const { body } = await refresh(server, first.refreshToken, {
      scope: "user:plugins user:profile",
    });
    expect(body["scope"]).toBe("user:profile");
    const refused = await refresh(server, body.refresh_token, { scope: "user:plugins" });
    expect(refused).toMatchObject({ status: 400, body: { error: "invalid_scope" } });
    expect(server.ledger.counts.refreshes).toBe(1);
  });

  it.each([
    ["an unknown refresh token", { refresh_token: "sk-ant-ort01-TESTnone" }, "invalid_grant"],
    ["no refresh token", { refresh_token: undefined }, "invalid_request"],
    ["no client id", { client_id: undefined }, "invalid_request"],
    ["a negative life", { expires_in: -1 }, "invalid_request"],
    ["another grant type", { grant_type: "password" }, "unsupported_grant_type"],
  ])("refuses %s", async (_name, fields, error) => {
    const { server, first } = fixture();
    const answer = await refresh(server, first.refreshToken, fields);
    expect(answer).toMatchObject({ status: 400, body: { error } });
    expect(answer.body["error_description"]).toEqual(expect.any(String));
    expect(server.ledger.counts.refreshes).toBe(0);
    expect(server.ledger.accessState(first.accessToken)).toBe("live");
  });

  it("refuses a body that is neither JSON nor a form", async () => {
    const { server } = fixture();
    const url = "https://platform.claude.com/v1/oauth/token";
    const response = await server.fetch(new Request(url, { method: "POST", body: "{" }));
    expect(response.status).toBe(400);
  });
});

describe("the ends of tokens", () => {
  it.each([
    [-1, "live"],
    [0, "expired"],
    [1, "expired"],
  ] as const)("an access token %i ms from its end is %s", (offset, state) => {
    const { clock, server, first } = fixture({ accessTokenLife: 5 });
    clock.time = first.expiresAt + offset;
    expect(server.ledger.accessState(first.accessToken)).toBe(state);
  });

  it.each([
    [-1, 200],
    [0, 400],
    [1, 400],
  ])("a refresh %i ms from the login's end is answered %i", async (offset, status) => {
    const { clock, server, first } = fixture();
    clock.time = first.loginEndsAt + offset;
    expect((await refresh(server, first.refreshToken)).status).toBe(status);
  });

  it("a login's end stays where the sign-in put it, however often it is refreshed", async () => {
    const { clock, server, first } = fixture({ loginLife: 100 });
    clock.time += 40_000;
    const second = await refresh(server, first.refreshToken);
    expect(second.body["refresh_token_expires_in"]).toBe(60);
    clock.time += 60_000;
    const third = await refresh(server, second.body.refresh_token);
    expect(third).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  it("ending a login spares its access token; one login can be ended alone", async () => {
    const { server, first } = fixture();
    const other = server.ledger.open({ scopes: SCOPES });
    server.ledger.endLogin(first.refreshToken);
    expect((await refresh(server, first.refreshToken)).body.error).toBe("invalid_grant");
    expect(server.ledger.accessState(first.accessToken)).toBe("live");
    expect((await refresh(server, other.refreshToken)).status).toBe(200);
  });
});

describe("the reuse of a spent refresh token", () => {
  it("is refused and nothing else under the policy reject", async () => {
    const { server, first } = fixture({ reuse: "reject" });
    const second = await refresh(server, first.refreshToken);
    expect((await refresh(server, first.refreshToken)).body.error).toBe("invalid_grant");
    expect(server.ledger.accessState(second.body.access_token)).toBe("live");
    expect((await refresh(server, second.body.refresh_token)).status).toBe(200);
    expect(server.ledger.counts).toMatchObject({ refreshes: 2, reuses: 1, familiesRevoked: 0 });
  });

  it("revokes every token of the login under revoke_family, which is the default, and no other login", async () => {
    const { server, first } = fixture();
    const other = server.ledger.open({ scopes: SCOPES });
    const second = await refresh(server, first.refreshToken);
    expect((await refresh(server, first.refreshToken)).body.error).toBe("invalid_grant");
    expect(server.ledger.accessState(second.body.access_token)).toBe("revoked");
    expect((await refresh(server, second.body.refresh_token)).body.error).toBe("invalid_grant");
    expect((await refresh(server, other.refreshToken)).status).toBe(200);
    expect(server.ledger.counts).toMatchObject({ reuses: 1, familiesRevoked: 1 });
  });

  it.each([
    [-1, { status: 200, replays: 1, reuses: 0, access: "live" }],
    [0, { status: 400, replays: 0, reuses: 1, access: "revoked" }],
    [1, { status: 400, replays: 0, reuses: 1, access: "revoked" }],
  ] as const)("%i ms from the end of a grace time does %o", async (offset, expected) => {
    const { clock, server, first } = fixture({ reuse: { graceMs: 2000 } });
    const second = await refresh(server, first.refreshToken);
    clock.time += 2000 + offset;
    const again = await refresh(server, first.refreshToken);
    const { status, replays, reuses, access } = expected;
    expect(again.status).toBe(status);
    if (status === 200) expect(again.body.refresh_token).toBe(second.body.refresh_token);
    expect(server.ledger.counts).toMatchObject({ refreshes: 1, replays, reuses });
    expect(server.ledger.accessState(second.body.access_token)).toBe(access);
  });

  it("within a grace time does not bring back a generation that was rotated since", async () => {
    const { server, first } = fixture({ reuse: { graceMs: HOUR } });
    const second = await refresh(server, first.refreshToken);
    await refresh(server, second.body.refresh_token);
    expect((await refresh(server, first.refreshToken)).body.error).toBe("invalid_grant");
    expect(server.ledger.counts).toMatchObject({ replays: 0, reuses: 1, familiesRevoked: 1 });
  });
});

describe("revocation (RFC 7009)", () => {
  it("of a refresh token ends the login, of an access token only that token, of an unknown one nothing", async () => {
    const { server, first } = fixture();
    const other = server.ledger.open({ scopes: SCOPES });
    for (const token of [first.refreshToken, other.accessToken, "sk-ant-ort01-TESTnone"])
      expect((await post(server, { token }, "token/revoke")).status).toBe(200);
    expect(server.ledger.accessState(first.accessToken)).toBe("revoked");
    expect((await refresh(server, first.refreshToken)).body.error).toBe("invalid_grant");
    expect(server.ledger.accessState(other.accessToken)).toBe("revoked");
    expect((await refresh(server, other.refreshToken)).status).toBe(200);
  });

  it("is refused without a token", async () => {
    expect((await post(fixture().server, {}, "token/revoke")).status).toBe(400);
  });
});

describe("an authorization code", () => {
  const verifier = "TEST-verifier-0123456789-0123456789-0123456789";
  const redirectUri = "https://platform.claude.com/oauth/code/callback";

  function urlWith(changes: Record<string, string> = {}): string {
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const query = new URLSearchParams({
      redirect_uri: redirectUri,
      scope: SCOPES.join(" "),
      code_challenge: challenge,
      code_challenge_method: "S256",
      state: "TESTstate",
      ...changes,
    });
    return `https://claude.com/cai/oauth/authorize?code=true&${query.toString()}`;
  }

  function redeem(server: Authority, code: string, more: object = {}): Promise<Answer> {
    const fields = { code, code_verifier: verifier, redirect_uri: redirectUri, client_id: "c" };
    return post(server, { grant_type: "authorization_code", ...fields, ...more });
  }

  it("comes as CODE#STATE and opens a login with the scopes of the request, once", async () => {
    const { server } = fixture();
    const pasted = server.issueCode(urlWith());
    expect(pasted).toMatch(/^TEST[\w-]+#TESTstate$/);
    const [code = ""] = pasted.split("#");
    const { status, body } = await redeem(server, code);
    expect(status).toBe(200);
    expect(body["scope"]).toBe(SCOPES.join(" "));
    expect((await refresh(server, body.refresh_token)).status).toBe(200);
    expect((await redeem(server, code)).body.error).toBe("invalid_grant");
    expect(server.ledger.counts.codes).toBe(1);
  });

  it("may be sent with its state", async () => {
    const { server } = fixture();
    expect((await redeem(server, server.issueCode(urlWith()))).status).toBe(200);
  });

  it.each([
    ["another verifier", { code_verifier: `${verifier}x` }],
    ["the challenge itself as verifier", { code_verifier: urlWith().split("challenge=")[1] ?? "" }],
    ["another redirect_uri", { redirect_uri: "https://platform.claude.com/other" }],
    ["no redirect_uri", { redirect_uri: undefined }],
  ])("is refused, and used up, with %s", async (_name, fields) => {
    const { server } = fixture();
    const code = server.issueCode(urlWith());
    expect((await redeem(server, code, fields)).body.error).toBe("invalid_grant");
    expect((await redeem(server, code)).body.error).toBe("invalid_grant");
  });

  it.each([
    [-1, 200],
    [0, 400],
  ])("%i ms from its end is answered %i", async (offset, status) => {
    const { clock, server } = fixture();
    const code = server.issueCode(urlWith());
    clock.time += 600_000 + offset;
    expect((await redeem(server, code)).status).toBe(status);
  });

  it("is not given for a URL without an S256 challenge or a state", () => {
    const { server } = fixture();
    for (const change of [
      { code_challenge_method: "plain" },
      { code_challenge: "" },
      { state: "" },
    ])
      expect(() => server.issueCode(urlWith(change))).toThrow(TypeError);
  });
});
