import { describe, expect, it } from "vitest";
import { isAllowedHost, isLoopback } from "../../src/http/allowed-host.ts";
import { servedSchema } from "./served-schema.ts";
import { BEARER, faceOf, GONE, kept, PORT, smallKeeper, TOKEN } from "./small-keeper.ts";

const REFRESH = "/api/v1/logins/bot/refresh";
const GETS = [
  "/",
  "/livez",
  "/readyz",
  "/healthz",
  "/metrics",
  "/logins/bot",
  "/incidents/bot-1",
  "/api/v1/health",
  "/api/v1/help/throttled",
  "/api/v1/status",
  "/api/v1/history",
  "/events",
  "/openapi.json",
];
const AWAY = { host: "192.0.2.7", port: PORT };

describe("the Host", () => {
  it.each([
    [`127.0.0.1:${PORT}`, true],
    [`127.8.9.1:${PORT}`, true],
    [`localhost:${PORT}`, true],
    [`LOCALHOST:${PORT}`, true],
    [`[::1]:${PORT}`, true],
    ["127.0.0.1", false],
    [`127.0.0.1:${PORT + 1}`, false],
    [`localhost.:${PORT}`, false],
    [`127.0.0.1.example:${PORT}`, false],
    [`evil.example:${PORT}`, false],
    [`192.0.2.7:${PORT}`, false],
    [`0.0.0.0:${PORT}`, false],
    ["keep.example", true],
    ["KEEP.example:9", true],
    ["sub.keep.example", false],
    ["tls.example:8443", true],
    ["tls.example:8444", false],
    ["tls.example", false],
    ["", false],
    [`a@127.0.0.1:${PORT}`, false],
    [`127.0.0.1:${PORT}/`, false],
  ])("%s on loopback: %s", (host, allowed) => {
    const address = { host: "127.0.0.1", port: PORT };
    const extra = ["keep.example", "tls.example:8443"];
    expect(isAllowedHost(host, address, extra)).toBe(allowed);
  });

  it.each([
    [`192.0.2.7:${PORT}`, true],
    ["10.1.2.3:30080", true],
    ["[2001:db8::1]", true],
    [`localhost:${PORT}`, true],
    [`pod.example:${PORT}`, false],
    ["evil.example", false],
  ])("%s on every address: %s", (host, allowed) => {
    expect(isAllowedHost(host, { host: "0.0.0.0", port: PORT }, [])).toBe(allowed);
  });

  it("that is foreign gets 421, for every route, known or not", async () => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const { check } = await servedSchema(ask);
    for (const path of GETS) {
      const answer = await ask(path, { host: "evil.example", headers: BEARER });
      expect(answer.status).toBe(421);
      expect(await check(answer, path)).toMatchObject({ code: "host_foreign" });
    }
    expect((await ask("/nothing", { host: "evil.example" })).status).toBe(421);
    expect((await ask(REFRESH, { host: "evil.example", method: "POST" })).status).toBe(421);
  });

  it.each([
    ["127.0.0.1", true],
    ["127.255.255.254", true],
    ["::1", true],
    ["[::1]", true],
    ["::ffff:127.0.0.1", true],
    ["localhost", true],
    ["LocalHost", true],
    ["128.0.0.1", false],
    ["126.255.255.255", false],
    ["127.0.0", false],
    ["127.evil.example", false],
    ["0.0.0.0", false],
    ["::", false],
    ["", false],
  ])("%s is loopback: %s", (host, is) => {
    expect(isLoopback(host)).toBe(is);
  });
});

describe("the bearer token", () => {
  it.each([
    ["none", undefined],
    ["a wrong one", "Bearer TEST-wrong"],
    ["a longer one", `Bearer ${TOKEN}x`],
    ["a shorter one", `Bearer ${TOKEN.slice(0, -1)}`],
    ["an empty one", "Bearer "],
    ["two words", `Bearer ${TOKEN} x`],
    ["another scheme", `Basic ${TOKEN}`],
    ["no scheme", TOKEN],
  ])("is asked for where there is %s", async (_, authorization) => {
    const keeper = smallKeeper(kept("bot"));
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const headers = authorization === undefined ? {} : { authorization };
    for (const path of [REFRESH, REFRESH.replace("bot", "nobody")]) {
      const answer = await ask(path, { method: "POST", headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="pilotlight"');
      const problem = await check(answer, "/api/v1/logins/{name}/refresh", "post");
      expect(problem).toMatchObject({ code: "token_required" });
    }
    expect(keeper.asked).toEqual([]);
  });

  it("opens, whatever the case of its scheme", async () => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const headers = { authorization: `bearer ${TOKEN}` };
    expect((await ask(REFRESH, { method: "POST", headers })).status).toBe(200);
  });

  it("opens nothing where none is configured", async () => {
    const ask = faceOf(smallKeeper(kept("bot")), { token: null });
    for (const authorization of [`Bearer ${TOKEN}`, "Bearer null", "Bearer "]) {
      const answer = await ask(REFRESH, { method: "POST", headers: { authorization } });
      expect(answer.status).toBe(401);
    }
  });

  it("is needed away from loopback for everything but the probes", async () => {
    const ask = faceOf(smallKeeper(kept("bot")), { address: () => AWAY });
    const host = `192.0.2.7:${PORT}`;
    for (const path of [...GETS, "/nothing"]) {
      const isProbe = path === "/livez" || path === "/readyz";
      expect([path, (await ask(path, { host })).status]).toEqual([path, isProbe ? 200 : 401]);
      const known = await ask(path, { host, headers: BEARER });
      expect(known.status).toBe(path === "/nothing" ? 404 : 200);
      await known.body?.cancel();
    }
    const closed = faceOf(smallKeeper(), { address: () => AWAY, token: null });
    expect((await closed("/healthz", { host, headers: BEARER })).status).toBe(401);
  });

  it("decides how much a probe away from loopback says", async () => {
    const keeper = smallKeeper(kept("bot", GONE));
    const ask = faceOf(keeper, { address: () => AWAY });
    const host = `192.0.2.7:${PORT}`;
    const bare = await (await ask("/readyz", { host })).text();
    expect(JSON.parse(bare)).toMatchObject({ status: 503, code: "no_credential" });
    expect(bare).not.toMatch(/bot|\/home/);
    const full = await (await ask("/readyz", { host, headers: BEARER })).text();
    expect(full).toMatch(/bot/);
  });
});

describe("the method", () => {
  it("that a route does not have gets 405 with those it has", async () => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const { check } = await servedSchema(ask);
    for (const path of GETS) {
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"]) {
        const answer = await ask(path, { method });
        expect([method, path, answer.status]).toEqual([method, path, 405]);
        expect(answer.headers.get("allow")).toBe("GET, HEAD");
        expect(await check(answer, path)).toMatchObject({ code: "method_not_allowed" });
      }
    }
    const answer = await ask(REFRESH, { headers: BEARER });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("HEAD answers as GET does, without a body, and listens to nothing", async () => {
    const keeper = smallKeeper(kept("bot"));
    const ask = faceOf(keeper);
    for (const path of GETS) {
      const answer = await ask(path, { method: "HEAD" });
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, ""]);
    }
    expect(keeper.watchers()).toBe(0);
  });
});

describe("what is too long", () => {
  const body = (length: number) => `{"force":true${" ".repeat(length - 14)}}`;
  const post = (text: string | ReadableStream, headers = {}) => ({
    method: "POST",
    headers: { ...BEARER, ...headers },
    body: text,
    duplex: "half" as const,
  });

  it("in a body is refused from 16 KiB + 1 on, announced or not", async () => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const { check } = await servedSchema(ask);
    const [most, more] = [body(16_384), body(16_385)];
    const stream = (text: string) => new Blob([text.slice(0, 9000), text.slice(9000)]).stream();
    for (const allowed of [most, stream(most)]) {
      expect((await ask(REFRESH, post(allowed))).status).toBe(200);
    }
    for (const refused of [
      post(more),
      post(stream(more)),
      post("{}", { "content-length": "16385" }),
    ]) {
      const answer = await ask(REFRESH, refused);
      expect(answer.status).toBe(413);
      await check(answer, "/api/v1/logins/{name}/refresh", "post");
    }
  });

  it("in an address is refused from 2049 characters on", async () => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const path = (length: number) => `/livez?${"a".repeat(length - 7)}`;
    expect((await ask(path(2048))).status).toBe(200);
    const refused = await ask(path(2049));
    expect(refused.status).toBe(414);
    expect(await refused.json()).toMatchObject({ code: "url_too_long" });
  });
});

describe("a page of another origin", () => {
  const own = `http://127.0.0.1:${PORT}`;
  it.each([
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: "http://127.0.0.1:1" }, 403],
    [{ origin: own, "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, 403],
    [{ origin: own, "sec-fetch-site": "same-origin" }, 200],
    [{ origin: own }, 200],
    [{ "sec-fetch-site": "none" }, 200],
    [{}, 200],
  ])("posting with %j gets %s", async (headers: Record<string, string>, status) => {
    const keeper = smallKeeper(kept("bot"));
    const answer = await faceOf(keeper)(REFRESH, {
      method: "POST",
      headers: { ...BEARER, ...headers },
    });
    expect(answer.status).toBe(status);
    expect(keeper.asked).toHaveLength(status === 200 ? 1 : 0);
  });

  it.each([
    [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, 403],
    [{ origin: "https://evil.example", "sec-fetch-mode": "cors" }, 403],
    [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, 200],
  ])("reading with %j gets %s", async (headers: Record<string, string>, status) => {
    const ask = faceOf(smallKeeper(kept("bot")));
    for (const path of ["/", "/events"]) {
      const answer = await ask(path, { headers });
      expect([path, answer.status]).toEqual([path, status]);
      await answer.body?.cancel();
    }
  });
});

describe("every answer", () => {
  it("carries the headers of safety, and none of CORS", async () => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const answers = [
      ...(await Promise.all(GETS.map((path) => ask(path)))),
      await ask("/nothing"),
      await ask("/", { host: "evil.example" }),
      await ask(REFRESH, { method: "POST" }),
      await ask(REFRESH, { method: "POST", headers: { origin: "https://evil.example" } }),
    ];
    for (const answer of answers) {
      const { headers } = answer;
      expect(headers.get("content-security-policy")).toMatch(/^default-src 'none';/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      await answer.body?.cancel();
    }
  });
});
