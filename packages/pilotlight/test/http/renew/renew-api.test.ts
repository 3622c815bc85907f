import { beforeEach, describe, expect, it } from "vitest";
import { renewals } from "../../../src/http/renew/renewals.ts";
import { type Ask, BEARER, faceOf, kept, smallKeeper } from "../small-keeper.ts";
import { servedSchema } from "../served-schema.ts";
import { CODE, LINK, rejected, type SmallSignIn, smallSignIn } from "./a-sign-in.ts";

const PATH = "/api/v1/logins/bot/renew";

let scene: SmallSignIn;
let ask: Ask;

beforeEach(() => {
  scene = smallSignIn();
  const all = renewals({ beginSignIn: scene.begin, patience: 60_000, told: () => undefined });
  ask = faceOf(smallKeeper(kept("bot")), { renew: { renewals: all, page: null } });
});

async function renew(method: string, body?: object | string) {
  const { check } = await servedSchema(ask);
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  const init = { method, headers: BEARER, ...(text !== undefined && { body: text }) };
  const answer = await ask(PATH, init);
  const report = await check(answer, "/api/v1/logins/{name}/renew", method.toLowerCase());
  return { status: answer.status, report };
}

describe("a renewal over the API", () => {
  it("goes from the link to the proved login", async () => {
    expect(await renew("GET")).toMatchObject({ status: 200, report: { state: "none" } });
    const begun = { schema: "pilotlight.renew/v1", login: "bot", state: "waiting", link: LINK };
    expect(await renew("POST")).toMatchObject({ status: 200, report: begun });
    expect(await renew("GET")).toMatchObject({ status: 200, report: begun });
    const done = { state: "signed_in", link: null, loginEndsAt: "2026-12-15T12:00:00.000Z" };
    expect(await renew("POST", { code: CODE })).toMatchObject({ status: 200, report: done });
    expect(await renew("GET")).toMatchObject({ status: 200, report: done });
    expect(scene.asked).toEqual(["begin bot", `give ${CODE}`, "close"]);
  });

  it("says what is wrong with a code, and takes another one", async () => {
    await renew("POST");
    scene.giving = rejected("only the first half of the code was pasted");
    expect(await renew("POST", { code: "TEST" })).toMatchObject({
      status: 200,
      report: { state: "waiting", complaint: "only the first half of the code was pasted" },
    });
  });

  it("is a problem where it failed", async () => {
    await renew("POST");
    scene.giving = rejected("the server does not know it");
    scene.isOpen = false;
    const failed = { state: "failed", code: "code_rejected", login: "bot" };
    const { status, report } = await renew("POST", { code: CODE });
    expect([status >= 400, report]).toEqual([true, expect.objectContaining(failed)]);
    expect(await renew("GET")).toMatchObject({ status, report: failed });
  });

  it.each([{ code: 1 }, { force: true }, "[]", "{", { code: CODE }])(
    "refuses %j while none is under way",
    async (body) => {
      expect((await renew("POST", body)).report).toMatchObject({ code: "usage" });
      expect(scene.asked).toEqual([]);
    },
  );

  it("is nobody's without the token", async () => {
    for (const method of ["GET", "POST"]) {
      const answer = await ask(PATH, { method });
      expect([answer.status, scene.asked]).toEqual([401, []]);
    }
    const none = faceOf(smallKeeper(kept("bot")), { token: null });
    expect((await none("/api/v1/logins/bot/refresh", { method: "POST" })).status).toBe(401);
    const unknown = await ask("/api/v1/logins/nobody/renew", { method: "POST", headers: BEARER });
    expect(unknown.status).toBe(404);
    expect((await ask(PATH, { method: "PUT" })).headers.get("allow")).toBe("GET, HEAD, POST");
  });
});
