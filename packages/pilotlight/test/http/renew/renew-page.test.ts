import { beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { renewals } from "../../../src/http/renew/renewals.ts";
import { type Ask, faceOf, kept, PORT, smallKeeper } from "../small-keeper.ts";
import { CODE, ID, LINK, PHRASE, rejected, type SmallSignIn, smallSignIn } from "./a-sign-in.ts";

const PAGE = `/renew/bot/${ID}`;
const MINUTE = 60_000;

let scene: SmallSignIn;
let ask: Ask;
let time: number;
let current: string;

function opened(options: Parameters<typeof faceOf>[1] = {}): Ask {
  const all = renewals({
    beginSignIn: scene.begin,
    patience: 15 * MINUTE,
    told: (_, { kind }) => {
      if (kind === "signed_in") current = "";
    },
  });
  let count = 0;
  const page = {
    passphrase: new Secret(PHRASE),
    isCurrent: async (login: string, id: string) => login === "bot" && id === current,
    newId: () => `TEST-session-${(count += 1)}`,
    monotonic: () => time,
  };
  const keeper = smallKeeper(kept("bot"), kept("other"));
  return faceOf(keeper, { renew: { renewals: all, page }, ...options });
}

beforeEach(() => {
  scene = smallSignIn();
  time = 1_000_000;
  current = ID;
  ask = opened();
});

const form = (fields: Record<string, string>, headers: Record<string, string> = {}) => ({
  method: "POST",
  body: new URLSearchParams(fields).toString(),
  headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
});

async function admitted(headers: Record<string, string> = {}): Promise<{ cookie: string }> {
  const answer = await ask(PAGE, form({ passphrase: PHRASE }, headers));
  expect([answer.status, answer.headers.get("location")]).toEqual([303, PAGE]);
  return { cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}

const textAt = async (path: string, headers: Record<string, string> = {}) =>
  (await ask(path, { headers })).text();

describe("the renew page", () => {
  it("goes from a passphrase over the link to the result, and its link is over then", async () => {
    const first = await ask(PAGE);
    expect(first.status).toBe(200);
    expect(await first.text()).toContain('type="password"');
    const session = await admitted();
    const waiting = await textAt(PAGE, session);
    expect(waiting).toContain(`href="${LINK.replaceAll("&", "&amp;")}"`);
    expect(waiting).not.toContain("password");
    const given = await ask(`${PAGE}/code`, form({ code: CODE }, session));
    expect([given.status, given.headers.get("location")]).toEqual([303, PAGE]);
    const done = await textAt(PAGE, session);
    expect(done).toContain("The new login is proved and in use; this login ends on 2026-12-15.");
    expect(done).not.toContain(CODE);
    expect(scene.asked).toEqual(["begin bot", `give ${CODE}`, "close"]);
    const again = await ask(PAGE);
    expect([again.status, (await again.text()).includes("This link is over")]).toEqual([410, true]);
  });

  it("shows nothing of a sign-in without its session", async () => {
    const { cookie } = await admitted();
    const [name] = cookie.split("=");
    for (const other of ["", `${name}=TEST-session-9`, "pilotlight=TEST-session-1"]) {
      const text = await textAt(PAGE, { cookie: other });
      expect(text).toContain('type="password"');
      expect(text).not.toContain("claude.example");
      const given = await ask(`${PAGE}/code`, form({ code: CODE }, { cookie: other }));
      expect(given.status).toBe(303);
    }
    expect(scene.asked).toEqual(["begin bot"]);
    expect(await textAt("/renew/other/x", { cookie })).toContain("This link is over");
  });

  it("asks for the passphrase once more after a quarter of an hour", async () => {
    const session = await admitted();
    time += 15 * MINUTE;
    expect(await textAt(PAGE, session)).toContain('type="password"');
  });

  it("begins nothing with a wrong passphrase, and hears nobody for a while after five", async () => {
    for (let tries = 0; tries < 5; tries += 1) {
      const answer = await ask(PAGE, form({ passphrase: "TEST wrong" }));
      expect(answer.status).toBe(403);
      expect(answer.headers.get("set-cookie")).toBe(null);
      expect(await answer.text()).toContain("That is not the passphrase of this keeper.");
    }
    const locked = await ask(PAGE, form({ passphrase: PHRASE }));
    expect([locked.status, locked.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(scene.asked).toEqual([]);
    time += MINUTE;
    await admitted();
  });

  it("lets nobody without a living link try a passphrase", async () => {
    for (let tries = 0; tries < 6; tries += 1) {
      for (const path of ["/renew/bot/guess", "/renew/nobody/x", `/renew/other/${ID}`]) {
        const answer = await ask(path, form({ passphrase: "TEST wrong" }));
        expect(answer.status).toBe(410);
      }
    }
    await admitted();
  });

  it("asks again for what could not be a code, and begins anew after a refused one", async () => {
    const session = await admitted();
    scene.giving = rejected("only the first half of the code was pasted");
    await ask(`${PAGE}/code`, form({ code: "TEST" }, session));
    expect(await textAt(PAGE, session)).toContain("Only the first half of the code was pasted.");
    scene.giving = rejected("the server does not know it");
    scene.isOpen = false;
    await ask(`${PAGE}/code`, form({ code: CODE }, session));
    const failed = await textAt(PAGE, session);
    expect(failed).toContain("The server does not know it.");
    expect(failed).toContain("The present login is as it was.");
    scene.isOpen = true;
    scene.giving = () => Promise.resolve();
    const again = await ask(`${PAGE}/again`, form({}, session));
    expect(again.status).toBe(303);
    expect(await textAt(PAGE, session)).toContain("claude.example");
  });

  it("makes no markup of anything from elsewhere", async () => {
    const session = await admitted();
    scene.giving = rejected('<img src=x onerror="alert(1)"> for me@example.com');
    scene.isOpen = false;
    await ask(`${PAGE}/code`, form({ code: CODE }, session));
    const text = await textAt(PAGE, session);
    expect(text).toContain("&lt;img src=x");
    expect(text).not.toContain("<img");
    expect(text).not.toContain("me@example.com");
  });

  it("keeps its session to itself, and to TLS where there is TLS", async () => {
    const cookieOf = async (init: RequestInit & { host?: string }) =>
      (await ask(PAGE, init)).headers.get("set-cookie");
    expect(await cookieOf(form({ passphrase: PHRASE }))).toBe(
      "pilotlight-renew=TEST-session-1; Max-Age=900; Path=/renew/bot/; HttpOnly; SameSite=Strict",
    );
    ask = opened({ hosts: ["keep.example"] });
    const proxied = form({ passphrase: PHRASE }, { "x-forwarded-proto": "https" });
    expect(await cookieOf({ ...proxied, host: "keep.example" })).toContain("; Secure");
  });

  it.each([
    ["GET", PAGE],
    ["POST", PAGE],
    ["POST", `${PAGE}/code`],
    ["POST", `${PAGE}/again`],
  ])("refuses %s %s over plain HTTP from elsewhere", async (method, path) => {
    ask = opened({ hosts: ["keep.example"] });
    const init = method === "GET" ? {} : form({ passphrase: PHRASE, code: CODE });
    const answer = await ask(path, { ...init, host: "keep.example" });
    expect([answer.status, scene.asked]).toEqual([403, []]);
    expect(await answer.text()).toContain("Not over plain HTTP");
  });

  it("is refused to pages of others", async () => {
    const foreign = { origin: "https://evil.example" };
    const answer = await ask(PAGE, form({ passphrase: PHRASE }, foreign));
    expect([answer.status, scene.asked]).toEqual([403, []]);
  });

  it("needs no bearer token away from loopback, while all else does", async () => {
    const host = `192.0.2.7:${PORT}`;
    ask = opened({ address: () => ({ host: "192.0.2.7", port: PORT }) });
    const headers = { "x-forwarded-proto": "https" };
    for (const path of [PAGE, "/renew.css", "/renew.js"]) {
      expect([path, (await ask(path, { host, headers })).status]).toEqual([path, 200]);
    }
    expect((await ask("/", { host, headers })).status).toBe(401);
  });

  it("is not there without a passphrase", async () => {
    ask = faceOf(smallKeeper(kept("bot")));
    for (const path of [PAGE, "/renew.css"]) expect((await ask(path)).status).toBe(404);
    const away = faceOf(smallKeeper(kept("bot")), {
      address: () => ({ host: "192.0.2.7", port: PORT }),
    });
    expect((await away(PAGE, { host: `192.0.2.7:${PORT}` })).status).toBe(401);
  });

  it("lets nothing in from elsewhere, and sends forms nowhere else", async () => {
    const { headers } = await ask(PAGE);
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("referrer-policy")).toBe("same-origin");
  });

  it("takes no other method, and no body without end", async () => {
    expect((await ask(PAGE, { method: "DELETE" })).headers.get("allow")).toBe("GET, HEAD, POST");
    expect((await ask(`${PAGE}/code`)).headers.get("allow")).toBe("POST");
    const long = form({ passphrase: "x".repeat(20_000) });
    expect((await ask(PAGE, long)).status).toBe(413);
  });
});
