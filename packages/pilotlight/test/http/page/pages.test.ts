import { describe, expect, it } from "vitest";
import { TRAITS } from "../../../src/core/errors.ts";
import { servedSchema } from "../served-schema.ts";
import { type Ask, BEARER, faceOf, kept, PORT, smallKeeper } from "../small-keeper.ts";

const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

const namesIn = (html: string) =>
  [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, name = ""]) => name);

/** Everything that a page is made of, by its address. */
async function allAssets(ask: Ask): Promise<ReadonlyMap<string, Response>> {
  const all = new Map<string, Response>();
  const wanted = namesIn(await (await ask("/", { headers: BROWSER })).text());
  for (const path of wanted) {
    if (all.has(path)) continue;
    const answer = await ask(path);
    all.set(path, answer.clone());
    const imports = (await answer.text()).matchAll(/ from "\.\/([^"]+)";$/gm);
    wanted.push(...[...imports].map(([, name = ""]) => `/assets/${name}`));
  }
  return all;
}

describe("/", () => {
  it("is a page for who accepts text/html by name, and text for all others", async () => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const page = await ask("/", { headers: BROWSER });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    for (const accept of ["*/*", "text/plain", "application/json", ""]) {
      const text = await ask("/", { headers: { accept } });
      expect(text.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      expect(await text.text()).toContain("bot: ok, fresh");
      expect(text.headers.get("vary")).toBe("accept");
    }
    expect(page.headers.get("vary")).toBe("accept");
  });

  it("lets nothing in from elsewhere, and no script or style that stands in it", async () => {
    const ask = faceOf(smallKeeper());
    const page = await ask("/", { headers: BROWSER });
    const policy = page.headers.get("content-security-policy") ?? "";
    const rules = new Map(
      policy.split("; ").map((rule) => rule.split(/ (.*)/) as [string, string]),
    );
    expect(Object.fromEntries([...rules].map(([name, value]) => [name, value]))).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "connect-src": "'self'",
      "img-src": "'self' data:",
      "frame-ancestors": "'none'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "require-trusted-types-for": "'script'",
    });
    const html = await page.text();
    expect(html).not.toMatch(/ style=|<style| on[a-z]+=|<script(?! type="module" src=)/);
    expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\/|src="\/\//);
  });

  it("holds nothing of what is known", async () => {
    const few = await faceOf(smallKeeper())("/", { headers: BROWSER });
    const many = await faceOf(smallKeeper(kept("bot")))("/", { headers: BROWSER });
    expect(await many.text()).toBe(await few.text());
  });

  it("is refused without the token away from loopback, and so is all that it is made of", async () => {
    const here = faceOf(smallKeeper());
    const [asset = ""] = namesIn(await (await here("/", { headers: BROWSER })).text());
    const host = `192.0.2.7:${PORT}`;
    const ask = faceOf(smallKeeper(), { address: () => ({ host: "192.0.2.7", port: PORT }) });
    for (const path of ["/", "/logins/bot", asset]) {
      const answer = await ask(path, { host, headers: BROWSER });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: "token_required" });
      const headers = { ...BROWSER, ...BEARER };
      expect((await ask(path, { host, headers })).status).not.toBe(401);
    }
  });
});

describe("the pages of a login and of an incident", () => {
  it.each([
    ["/logins/bot", 200],
    ["/logins/nobody", 404],
    ["/logins/%3Cscript%3E", 404],
    ["/incidents/bot-1763640000000", 200],
    ["/incidents/a-b_c-1", 200],
    ["/incidents/bot", 404],
    ["/incidents/bot-1x", 404],
  ])("%s answers %d with the same document", async (path, status) => {
    const ask = faceOf(smallKeeper(kept("bot")));
    const answer = await ask(path, { headers: BROWSER });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe(await (await ask("/", { headers: BROWSER })).text());
  });
});

describe("/assets", () => {
  it("are named after what is in them, and may be kept", async () => {
    const assets = await allAssets(faceOf(smallKeeper()));
    expect(assets.size).toBeGreaterThan(10);
    for (const [path, answer] of assets) {
      expect([path, answer.status]).toEqual([path, 200]);
      expect(path).toMatch(/\.[0-9a-f]{12}\.(js|css)$/);
      expect(answer.headers.get("content-type")).toMatch(/^text\/(javascript|css); charset=utf-8$/);
      expect(answer.headers.get("cache-control")).toContain("immutable");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it("hold no types, and nothing that makes markup of text", async () => {
    for (const [path, answer] of await allAssets(faceOf(smallKeeper()))) {
      const text = await answer.text();
      expect([path, text.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/)]).toEqual([
        path,
        null,
      ]);
      expect(text).not.toMatch(/^import type|^export interface/m);
    }
  });

  it.each(["page.js", "../keep-face.ts", "..%2F..%2Fkeep-face.ts", "page.000000000000.js"])(
    "%s is none",
    async (name) => {
      expect((await faceOf(smallKeeper())(`/assets/${name}`)).status).toBe(404);
    },
  );
});

describe("/api/v1/health", () => {
  it("is the report of /healthz with 200, however the logins are", async () => {
    const ask = faceOf(smallKeeper(kept("bot", { view: null })));
    const { check } = await servedSchema(ask);
    const answer = await ask("/api/v1/health");
    expect(answer.status).toBe(200);
    expect(await check(answer, "/api/v1/health")).toMatchObject({ health: "starting" });
  });
});

describe("/api/v1/help", () => {
  it("has every code of the table", async () => {
    const ask = faceOf(smallKeeper());
    const { check } = await servedSchema(ask);
    for (const code of Object.keys(TRAITS)) {
      const page = await check(await ask(`/api/v1/help/${code}`), "/api/v1/help/{code}");
      expect(page).toMatchObject({ schema: "pilotlight.help/v1", code });
    }
  });

  it.each(["nothing", "toString", "__proto__", "%00"])("has no %s", async (code) => {
    const ask = faceOf(smallKeeper());
    const { check } = await servedSchema(ask);
    const answer = await ask(`/api/v1/help/${code}`);
    expect(answer.status).toBe(404);
    expect(await check(answer, "/api/v1/help/{code}")).toMatchObject({ code: "not_found" });
  });
});
