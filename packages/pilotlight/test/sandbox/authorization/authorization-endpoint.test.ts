import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import { aLink, redemption } from "./a-link.ts";

const clock = { time: 0 };
let sandbox: Sandbox;

beforeEach(async () => {
  clock.time = 1_800_000_000_000;
  sandbox = await startSandbox({ now: () => clock.time });
});

afterEach(() => sandbox.stop());

/** What a script does: one request, and the answer as JSON. */
async function decide(
  fields: Record<string, string>,
  link = aLink(),
): Promise<{ status: number; body: Record<string, string> }> {
  const answer = await fetch(sandbox.authorizeUrl(link), {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams(fields),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

async function open(link: string, init: RequestInit = {}) {
  const answer = await fetch(sandbox.authorizeUrl(link), init);
  return { status: answer.status, url: answer.url, text: await answer.text(), answer };
}

async function redeem(code: string) {
  const body = JSON.stringify(redemption(code));
  const answer = await fetch(sandbox.tokenUrl, { method: "POST", body });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const AGREED = { account: "person", decision: "agree" };

/** The page after the consent, for any query. */
const CALLBACK = "https://platform.claude.com/oauth/code/callback";

describe("an authorization link", () => {
  it("is answered with CODE#STATE in one request, and the code opens a login", async () => {
    const { status, body } = await decide(AGREED);
    expect([status, body]).toEqual([
      200,
      { code: expect.stringMatching(/^TEST[\w-]+#TESTstate$/) },
    ]);
    const login = await redeem(body["code"] ?? "");
    expect([login.status, login.body["scope"]]).toEqual([200, "user:profile user:inference"]);
    expect(sandbox.grants().codes).toBe(1);
  });

  it.each(["https://platform.claude.com/oauth/authorize", "https://claude.ai/oauth/authorize"])(
    "may be %s, too",
    async (place) => {
      const { search } = new URL(aLink());
      expect((await decide(AGREED, `${place}${search}`)).status).toBe(200);
    },
  );

  it("leads a client that listens on this machine its code", async () => {
    const link = aLink({ redirect_uri: "http://localhost:7/callback" });
    const answer = await fetch(sandbox.authorizeUrl(link), {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams(AGREED),
    });
    expect(answer.headers.get("location")).toMatch(
      /^http:\/\/localhost:7\/callback\?code=TEST[\w-]+&state=TESTstate$/,
    );
  });

  it.each([
    ["person", "00000000-0000-4000-8000-00000000acc0", "00000000-0000-4000-8000-0000000000f0"],
    [
      "person-elsewhere",
      "00000000-0000-4000-8000-00000000acc0",
      "00000000-0000-4000-8000-0000000000f1",
    ],
    ["colleague", "00000000-0000-4000-8000-00000000acc1", "00000000-0000-4000-8000-0000000000f0"],
  ])(
    "signs %s in, in the token answer, the profile and after a refresh",
    async (account, uuid, organization) => {
      const { body } = await decide({ account, decision: "agree" });
      const login = await redeem(body["code"] ?? "");
      const whose = { account: { uuid }, organization: { uuid: organization } };
      expect(login.body).toMatchObject(whose);
      const refreshed = await fetch(sandbox.tokenUrl, {
        method: "POST",
        body: JSON.stringify({
          grant_type: "refresh_token",
          refresh_token: login.body["refresh_token"],
          client_id: "c",
        }),
      });
      const next = (await refreshed.json()) as Record<string, unknown>;
      expect(next).toMatchObject(whose);
      const headers = { authorization: `Bearer ${String(next["access_token"])}` };
      const profile = await fetch(`${sandbox.url}/api/oauth/profile`, { headers });
      expect(await profile.json()).toMatchObject(whose);
      expect(sandbox.logins()).toMatchObject([{ account }]);
      expect(sandbox.issueCode(aLink(), "colleague")).toMatch(/^TEST/);
    },
  );

  it.each([
    ["no client", { client_id: null }, "names no client"],
    ["another client", { client_id: "00000000-0000-4000-8000-000000000000" }, "not known here"],
    ["no redirect", { redirect_uri: null }, "where to go afterwards"],
    [
      "another redirect",
      { redirect_uri: "https://evil.example/callback" },
      "not belong to the client",
    ],
    [
      "a redirect with more behind it",
      { redirect_uri: `${CALLBACK}/../x` },
      "not belong to the client",
    ],
    [
      "another host's port",
      { redirect_uri: "http://localhost.evil.example:7/callback" },
      "not belong to the client",
    ],
  ])("with %s goes nowhere and says why", async (_name, change, why) => {
    const { status, text, url } = await open(aLink(change));
    expect(status).toBe(400);
    expect(url).toContain("/cai/oauth/authorize");
    expect(text).toContain(why);
    const decided = await decide(AGREED, aLink(change));
    expect(decided).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  });

  it.each([
    ["no response type", { response_type: null }, "unsupported_response_type"],
    ["another response type", { response_type: "token" }, "unsupported_response_type"],
    ["no state", { state: null }, "invalid_request"],
    ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request"],
    ["no challenge", { code_challenge: null }, "invalid_request"],
    ["a challenge that is too short", { code_challenge: "x".repeat(42) }, "invalid_request"],
    ["no scope", { scope: " " }, "invalid_scope"],
  ])("with %s is told so at its redirect", async (_name, change, error) => {
    const { status, url, text } = await open(aLink(change));
    expect(status).toBe(400);
    expect(new URL(url).pathname).toBe("/oauth/code/callback");
    expect(text).toContain(`<code id="error">${error}</code>`);
    expect(await decide(AGREED, aLink(change))).toMatchObject({ status: 400, body: { error } });
  });

  it("that names something twice is refused", async () => {
    const { url } = await open(`${aLink()}&state=other`);
    expect(new URL(url).searchParams.get("error_description")).toBe(
      "state is given more than once",
    );
  });

  it("gives no code to somebody who cancels", async () => {
    const { status, body } = await decide({ account: "person", decision: "cancel" });
    expect([status, body["error"]]).toEqual([400, "access_denied"]);
    expect(body["code"]).toBeUndefined();
  });

  it.each([
    [{ decision: "agree" }],
    [{ account: "nobody", decision: "agree" }],
    [{ account: "person" }],
  ])("is not answered by %o", async (fields) => {
    expect(await decide(fields)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  });

  it("shows who is not in its list as nobody", async () => {
    const { text } = await open(`${aLink()}&account=constructor`);
    expect(text).toContain("Who signs in?");
  });

  it("is used once it has opened a login, and not by a code that was refused", async () => {
    const { body } = await decide(AGREED);
    sandbox.expireCodes();
    expect((await redeem(body["code"] ?? "")).status).toBe(400);
    const second = await decide(AGREED);
    expect((await redeem(second.body["code"] ?? "")).status).toBe(200);
    expect((await open(aLink())).status).toBe(410);
    expect(await decide(AGREED)).toMatchObject({ status: 410, body: { error: "link_used" } });
  });

  it("takes no form from a page elsewhere", async () => {
    const init = {
      method: "POST",
      headers: { origin: "https://evil.example" },
      body: new URLSearchParams(AGREED),
    };
    expect((await open(aLink(), init)).status).toBe(403);
    const own = { ...init, headers: { origin: sandbox.url } };
    expect((await open(aLink(), own)).status).toBe(200);
  });

  it("takes GET and POST only", async () => {
    expect((await open(aLink(), { method: "PUT" })).status).toBe(405);
  });

  it("is the only thing that has a page", () => {
    expect(() => sandbox.authorizeUrl("https://claude.com/settings")).toThrow(TypeError);
    expect(() => sandbox.authorizeUrl("no link")).toThrow(TypeError);
  });
});

describe("a code", () => {
  const shown = (code = "") => open(`${CALLBACK}?code=${code.replace("#", "&state=")}`);

  it("is shown until its end, and says when it is over", async () => {
    const { body } = await decide(AGREED);
    clock.time += 599_999;
    expect((await shown(body["code"])).text).toContain(`>${body["code"]}</code`);
    clock.time += 1;
    const over = await shown(body["code"]);
    expect([over.status, over.text]).toEqual([410, expect.stringContaining("code_expired")]);
    expect((await redeem(body["code"] ?? "")).status).toBe(400);
  });

  it("says when it was tried, and when it is none", async () => {
    const { body } = await decide(AGREED);
    await redeem(body["code"] ?? "");
    expect((await shown(body["code"])).text).toContain("code_used");
    expect((await shown("TESTnone#s")).text).toContain("code_unknown");
    expect((await open(CALLBACK)).status).toBe(400);
  });

  it("belongs to the client of its link", async () => {
    const { body } = await decide(AGREED);
    const answer = await fetch(sandbox.tokenUrl, {
      method: "POST",
      body: JSON.stringify({ ...redemption(body["code"] ?? ""), client_id: "another" }),
    });
    expect(await answer.json()).toMatchObject({ error: "invalid_grant" });
  });

  it("can be ended over the control API, and issued for anybody", async () => {
    const control = async (path: string, fields: object) => {
      const init = { method: "POST", body: JSON.stringify(fields) };
      const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, init);
      return { status: answer.status, body: (await answer.json()) as { code?: string } };
    };
    const issued = await control("issue-code", { authorizeUrl: aLink(), account: "colleague" });
    expect((await redeem(issued.body.code ?? "")).body).toMatchObject({
      account: { email_address: "colleague@sandbox.invalid" },
    });
    const { body } = await decide(AGREED, aLink({ state: "other" }, "another-verifier"));
    expect((await control("expire-codes", {})).status).toBe(200);
    expect((await shown(body["code"])).status).toBe(410);
    const nobody = { authorizeUrl: aLink(), account: "nobody" };
    expect((await control("issue-code", nobody)).status).toBe(422);
  });
});

describe("the pages", () => {
  it("load nothing, are framed by nobody and are kept nowhere", async () => {
    for (const link of [aLink(), `${aLink()}&account=person`, aLink({ client_id: "x" })]) {
      const { headers } = (await open(link)).answer;
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });

  it("take nobody's words for markup", async () => {
    const evil = "<img src=x onerror=alert(1)>";
    const query = new URLSearchParams({ error: evil, error_description: evil, code: evil });
    const texts = [
      (await open(`${CALLBACK}?${query.toString()}`)).text,
      (await open(`${aLink({ scope: evil, state: evil })}&account=person`)).text,
      (await open(aLink({ state: `"${evil}` }))).text,
    ];
    for (const text of texts) expect(text).not.toContain("<img");
    expect(texts[0]).toContain("&lt;img");
    const issued = await decide(AGREED, aLink({ state: evil }));
    const page = await open(
      `${CALLBACK}?${new URLSearchParams({ code: (issued.body["code"] ?? "").split("#")[0] ?? "", state: evil }).toString()}`,
    );
    expect(page.text).toContain("#&lt;img");
    expect(page.text).not.toContain("<img");
  });

  it("are in the log without what their addresses hold", async () => {
    const { body } = await decide(AGREED);
    const log = JSON.stringify(sandbox.requests());
    expect(log).toContain("/cai/oauth/authorize");
    expect(log).toContain("/oauth/code/callback");
    expect(log).not.toContain((body["code"] ?? "").split("#")[0]);
    expect(log).not.toContain("TESTstate");
  });
});
