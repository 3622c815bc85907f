import { describe, expect, it } from "vitest";
import { PilotlightError } from "../../src/core/errors.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { ID, smallRenew } from "./renew/a-sign-in.ts";
import { servedSchema } from "./served-schema.ts";
import {
  ACCESS,
  BEARER,
  credential,
  entry,
  faceOf,
  GONE,
  kept,
  NOW,
  REFRESH,
  smallKeeper,
  viewOf,
} from "./small-keeper.ts";

const from = { access: "sha256:01234567", refresh: "sha256:01234568" } as const;
const PATH = "/api/v1/logins/{name}/refresh";
const URL_OF_BOT = "/api/v1/logins/bot/refresh";

describe("/livez", () => {
  it("is ok while the loop turns, and a problem when it stands still", async () => {
    const keeper = smallKeeper();
    const ask = faceOf(keeper);
    const alive = await ask("/livez");
    expect([alive.status, await alive.text()]).toEqual([200, "ok\n"]);
    keeper.ticking = false;
    const { check } = await servedSchema(ask);
    const stalled = await ask("/livez");
    expect(stalled.status).toBe(503);
    expect(await check(stalled, "/livez")).toMatchObject({ code: "stalled" });
  });
});

describe("/readyz", () => {
  it.each([
    ["every login is ok", [kept("a"), kept("bot")], 200],
    [
      "one is degraded",
      [kept("a", { trouble: { code: "throttled", detail: "429", since: NOW, failures: 2 } })],
      200,
    ],
    ["one is down", [kept("a"), kept("bot", GONE)], 503],
    ["nobody has looked at one", [kept("a"), kept("bot", { view: null })], 503],
  ] as const)("where %s", async (_, logins, status) => {
    const ask = faceOf(smallKeeper(...logins));
    const { check } = await servedSchema(ask);
    const answer = await ask("/readyz");
    expect(answer.status).toBe(status);
    if (status === 200) expect(await answer.text()).toBe("ok\n");
    else await check(answer, "/readyz");
  });

  it("carries code and action of the worst login, with a command that can be typed", async () => {
    const view = viewOf("bot", { entry: { state: "absent" }, configDir: "/srv/bot's" });
    const ask = faceOf(smallKeeper(kept("first", { view: null }), kept("bot", { view })));
    expect(await (await ask("/readyz")).json()).toMatchObject({
      type: "urn:pilotlight:problem:no_credential",
      title: "There is no login here",
      status: 503,
      detail: "down: bot",
      code: "no_credential",
      action: {
        code: "no_credential",
        command: "pilotlight login --login bot",
        by: "person",
      },
    });
  });
});

describe("/healthz", () => {
  it("has one shape, whether all is well or not", async () => {
    const keeper = smallKeeper(kept("bot"));
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const well = await ask("/healthz");
    const report = (await check(well, "/healthz")) as object;
    expect(report).toMatchObject({
      schema: "pilotlight.health/v1",
      health: "ok",
      version: "1.2.3",
      ticking: true,
      logins: [{ name: "bot", phase: "fresh", expiresAt: "2026-11-20T20:00:00.000Z" }],
    });
    keeper.known = [kept("bot", GONE)];
    const ill = await ask("/healthz");
    expect([ill.status, ill.headers.get("content-type")]).toEqual([
      503,
      "application/problem+json",
    ]);
    const problem = (await check(ill, "/healthz")) as object;
    expect(problem).toMatchObject({ health: "down", status: 503, code: "no_credential" });
    expect(Object.keys(problem)).toEqual(expect.arrayContaining(Object.keys(report)));
  });

  it.each([
    [
      "expired and renewable",
      kept("bot", { view: viewOf("bot", { entry: entry({ expiresAt: NOW }) }) }),
      "refresh_due",
    ],
    ["not looked at yet", kept("bot", { view: null }), "starting"],
  ])("names the code of a login that is %s", async (_, login, code) => {
    const ask = faceOf(smallKeeper(login));
    const { check } = await servedSchema(ask);
    expect(await check(await ask("/healthz"), "/healthz")).toMatchObject({ code });
  });

  it("is degraded, not down, when nobody will renew any more", async () => {
    const keeper = smallKeeper(kept("bot"));
    keeper.ticking = false;
    const answer = await faceOf(keeper)("/healthz");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ health: "degraded", ticking: false });
  });
});

describe("/api/v1/status", () => {
  it("is the status report", async () => {
    const ask = faceOf(smallKeeper(kept("bot"), kept("gone", GONE)));
    const { check } = await servedSchema(ask);
    expect(await check(await ask("/api/v1/status"), "/api/v1/status")).toMatchObject({
      effective: { billing: "subscription" },
      logins: [{ name: "bot" }, { action: { code: "no_credential" } }],
    });
  });
});

describe("/api/v1/history", () => {
  it("asks for a week and 50 rows unless told", async () => {
    const keeper = smallKeeper();
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const report = await check(await ask("/api/v1/history"), "/api/v1/history");
    expect(report).toMatchObject({ schema: "pilotlight.history/v1", entries: [{ login: "bot" }] });
    await ask("/api/v1/history?since=12h&limit=20000&login=bot");
    expect(keeper.asked).toEqual([
      { since: NOW - 7 * 86_400_000, limit: 50, login: undefined },
      { since: NOW - 43_200_000, limit: 20_000, login: "bot" },
    ]);
  });

  it("never asks for what was before 1970", async () => {
    const keeper = smallKeeper();
    await faceOf(keeper)(`/api/v1/history?since=${"9".repeat(400)}d`);
    expect(keeper.asked).toMatchObject([{ since: 0 }]);
  });

  it.each([
    "since=yesterday",
    "since=-1h",
    "since=",
    "limit=0",
    "limit=20001",
    "limit=-1",
    "limit=1.5",
    "limit=0x10",
    "limit=1e3",
    "limit=",
    "login=../etc/passwd",
    "login=bot@example.com",
    `login=${"a".repeat(65)}`,
  ])("refuses ?%s", async (query) => {
    const keeper = smallKeeper();
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const answer = await ask(`/api/v1/history?${query}`);
    expect(answer.status).toBe(400);
    const problem = await check(answer, "/api/v1/history");
    expect(problem).toMatchObject({ code: "usage" });
    expect(JSON.stringify(problem)).not.toMatch(/passwd|example/);
    expect(keeper.asked).toEqual([]);
  });

  it("says why the history cannot be read", async () => {
    const keeper = smallKeeper();
    keeper.rows = () => {
      throw new PilotlightError("state_newer", "/state/history.db has schema 9");
    };
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const problem = await check(await ask("/api/v1/history"), "/api/v1/history");
    expect(problem).toMatchObject({ status: 500, code: "state_newer" });
  });
});

describe("a refresh", () => {
  const refresh = (ask: ReturnType<typeof faceOf>, body?: string) =>
    ask(URL_OF_BOT, { method: "POST", headers: BEARER, ...(body !== undefined && { body }) });

  it.each<[string, Outcome, number, object]>([
    [
      "refreshed",
      { kind: "refreshed", from, credential: credential() },
      200,
      {
        outcome: "refreshed",
        reason: null,
        driver: "cli",
        fromFingerprint: from.access,
        expiresAt: "2026-11-20T20:00:00.000Z",
      },
    ],
    ["adopted", { kind: "adopted", from, credential: credential() }, 200, { outcome: "adopted" }],
    [
      "fresh",
      { kind: "unchanged", reason: "fresh", credential: credential() },
      200,
      { outcome: "unchanged", reason: "fresh" },
    ],
    [
      "logged out",
      { kind: "unchanged", reason: "logged_out", credential: null },
      503,
      { outcome: "unchanged", reason: "logged_out", code: "no_credential", toFingerprint: null },
    ],
    [
      "throttled",
      { kind: "deferred", code: "throttled", detail: "429", until: null },
      429,
      { outcome: "deferred", reason: "throttled", code: "throttled" },
    ],
    [
      "in doubt",
      { kind: "in_doubt", code: "in_doubt", detail: "no answer", since: NOW },
      503,
      { outcome: "in_doubt", code: "in_doubt" },
    ],
    [
      "dead",
      { kind: "dead", code: "login_ended", detail: "invalid_grant" },
      503,
      { outcome: "dead", code: "login_ended", action: { command: "pilotlight login" } },
    ],
  ])("tells that it is %s", async (_, outcome, status, expected) => {
    const keeper = smallKeeper(kept("bot"));
    keeper.outcome = () => outcome;
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const answer = await refresh(ask);
    expect(answer.status).toBe(status);
    const report = await check(answer, PATH, "post");
    expect(report).toMatchObject({ schema: "pilotlight.refresh/v1", login: "bot", ...expected });
  });

  it("tells what it failed with", async () => {
    const keeper = smallKeeper(kept("bot"));
    keeper.outcome = () => {
      throw new PilotlightError("cannot_persist", "/disk is full");
    };
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const answer = await refresh(ask);
    expect(answer.status).toBe(507);
    expect(await check(answer, PATH, "post")).toMatchObject({
      outcome: "failed",
      reason: "cannot_persist",
      code: "cannot_persist",
      detail: "/disk is full",
    });
  });

  it.each([
    [undefined, false],
    ["", false],
    ["{}", false],
    ['{"force":false}', false],
    ['{"force":true}', true],
  ])("with the body %s", async (body, force) => {
    const keeper = smallKeeper(kept("bot"));
    expect((await refresh(faceOf(keeper), body)).status).toBe(200);
    expect(keeper.asked).toEqual([{ login: "bot", force }]);
  });

  it.each([
    "null",
    "[]",
    "true",
    "{",
    '{"force":1}',
    '{"force":"true"}',
    '{"forse":true}',
    '"\\u0000"',
  ])("is refused with the body %s", async (body) => {
    const keeper = smallKeeper(kept("bot"));
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    const answer = await refresh(ask, body);
    expect(answer.status).toBe(400);
    expect(await check(answer, PATH, "post")).toMatchObject({ code: "usage" });
    expect(keeper.asked).toEqual([]);
  });

  it("knows only the logins that are kept", async () => {
    const keeper = smallKeeper(kept("bot"));
    const ask = faceOf(keeper);
    const { check } = await servedSchema(ask);
    for (const name of ["other", "..%2fbot", "%", "__proto__"]) {
      const path = `/api/v1/logins/${name}/refresh`;
      const answer = await ask(path, { method: "POST", headers: BEARER });
      expect(answer.status).toBe(404);
      expect(await check(answer, PATH, "post")).toMatchObject({ code: "login_unknown" });
    }
    expect(keeper.asked).toEqual([]);
  });
});

describe("the front page", () => {
  it("lists what there is, and each login in one line", async () => {
    const answer = await faceOf(smallKeeper(kept("bot"), kept("gone", GONE)))("/");
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const page = await answer.text();
    expect(page).toMatch(/^Pilotlight 1\.2\.3: down\n/);
    expect(page).toContain("\nbot: ok, fresh, access token ends 2026-11-20T20:00:00.000Z\n");
    expect(page).toMatch(/\ngone: down, absent\. Next: .*\(\$ pilotlight login --login bot\)\n/);
    expect(page).toContain("GET  /metrics");
  });
});

/** Where the document has a place for a name. */
const EXAMPLES: Readonly<Record<string, string>> = {
  "/logins/{name}": "/logins/bot",
  "/incidents/{id}": "/incidents/bot-1",
  "/api/v1/help/{code}": "/api/v1/help/throttled",
  [PATH]: URL_OF_BOT,
  "/api/v1/logins/{name}/renew": "/api/v1/logins/bot/renew",
  "/renew/{login}/{id}": `/renew/bot/${ID}`,
};

describe("the document", () => {
  it("is OpenAPI 3.1 and names what is served, no less and no more", async () => {
    const keeper = smallKeeper(kept("bot"));
    const ask = faceOf(keeper, { renew: smallRenew() });
    const { document } = await servedSchema(ask);
    expect(document.openapi).toBe("3.1.0");
    const page = await (await ask("/")).text();
    const listed = [...page.matchAll(/^(GET|POST) +(\S+)/gm)].map(
      ([, method, path]) => `${method} ${path?.replace(/:(\w+)/g, "{$1}")}`,
    );
    const named = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(named.toSorted()).toEqual(listed.toSorted());
    for (const line of named) {
      const [method = "", path = ""] = line.split(" ");
      const answer = await ask(EXAMPLES[path] ?? path, { method, headers: BEARER });
      expect([line, answer.status]).toEqual([line, 200]);
      await answer.body?.cancel();
    }
  });
});

describe("what nobody expected", () => {
  it("is told to the log, and to whoever asked only that it happened", async () => {
    const keeper = smallKeeper(kept("bot"));
    const seen: unknown[] = [];
    const secret = new Error(`it has ${ACCESS} in it`);
    const bug = new PilotlightError("bug", "nobody should read this");
    keeper.outcome = keeper.rows = () => {
      throw secret;
    };
    keeper.status = () => {
      throw bug;
    };
    const ask = faceOf(keeper, { onError: (error) => seen.push(error) });
    for (const [path, method] of [
      ["/api/v1/history", "GET"],
      ["/api/v1/status", "GET"],
      [URL_OF_BOT, "POST"],
    ] as const) {
      const answer = await ask(path, { method, headers: BEARER });
      expect(answer.status).toBe(500);
      expect(await answer.json()).toEqual({
        type: "urn:pilotlight:problem:bug",
        title: "Pilotlight met a state it does not know",
        status: 500,
        detail: "Pilotlight met a state it does not know.",
        code: "bug",
        action: expect.objectContaining({ code: "bug", by: "person" }),
      });
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    }
    keeper.outcome = () => {
      throw bug;
    };
    const answer = await ask(URL_OF_BOT, { method: "POST", headers: BEARER });
    expect(await answer.text()).not.toContain("nobody should");
    expect(seen).toEqual([secret, bug, secret, bug]);
  });

  it("shows neither tokens nor e-mail addresses that stand in other people's words", async () => {
    const words = `mail of a@b.example.com with ${ACCESS} and ${REFRESH}`;
    const trouble = { code: "api_unavailable", detail: words, since: NOW, failures: 1 } as const;
    const corrupt = { state: "unreadable", code: "credential_corrupt", reason: words } as const;
    const view = viewOf("bot", { entry: corrupt });
    const keeper = smallKeeper(kept("a", { trouble }), kept("bot", { view, trouble }));
    keeper.outcome = () => ({ kind: "dead", code: "auth_rejected", detail: words });
    keeper.rows = () => {
      throw new PilotlightError("state_unreadable", words);
    };
    const ask = faceOf(keeper);
    const paths = ["/", "/readyz", "/healthz", "/metrics", "/api/v1/status", "/api/v1/history"];
    const texts = [
      ...(await Promise.all(paths.map(async (path) => (await ask(path)).text()))),
      await (await ask(URL_OF_BOT, { method: "POST", headers: BEARER })).text(),
    ];
    for (const text of texts) expect(text).not.toMatch(/TEST|example\.com/);
    expect(texts.join("")).toContain("mail of [e-mail] with [secret] and [secret]");
  });
});
