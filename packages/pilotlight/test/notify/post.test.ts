import { describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { post } from "../../src/notify/post.ts";
import { httpReceiver } from "./http-receiver.ts";

const to = (url: string) => post({ url: new Secret(url), body: "{}", fetch: globalThis.fetch });

describe("a post", () => {
  it.each([
    [429, { "retry-after": "2" }, 2_000, false],
    [429, { "retry-after": "0.65" }, 650, false],
    [503, { "retry-after": "nonsense" }, null, false],
    [500, {}, null, false],
    [408, {}, null, false],
    [400, {}, null, true],
    [404, {}, null, true],
    [410, {}, null, true],
  ])("that is answered with %i %j", async (status, headers, retryAfter, isRefused) => {
    const { url } = await httpReceiver(() => ({ status, headers, body: "why not" }));
    const host = new URL(url).host;
    expect(await to(`${url}/TEST-path-of-a-secret`)).toEqual({
      kind: "failed",
      why: `${host} answered ${status}: why not`,
      retryAfter,
      isRefused,
    });
  });

  it("follows no redirect, and takes none for an answer", async () => {
    const other = await httpReceiver();
    const { url } = await httpReceiver(() => ({ status: 307, headers: { location: other.url } }));
    expect(await to(url)).toMatchObject({
      kind: "failed",
      isRefused: true,
      why: expect.stringContaining("redirect"),
    });
    expect(other.received).toEqual([]);
  });

  it("reads a date in Retry-After, and no more of an answer than it shows", async () => {
    const soon = new Date(Date.now() + 60_000).toUTCString();
    const { url } = await httpReceiver(() => ({
      status: 503,
      headers: { "retry-after": soon },
      body: "x".repeat(5_000_000),
    }));
    const delivery = await to(url);
    if (delivery.kind !== "failed") throw new Error("it was taken");
    expect(delivery.retryAfter).toBeGreaterThan(50_000);
    expect(delivery.why.length).toBeLessThan(300);
  });

  it.each([
    ["nobody there", "http://127.0.0.1:1/TEST-path", "127.0.0.1:1: "],
    ["no URL", "TEST-path", "no URL"],
  ])("with %s fails without naming the address", async (_, url, why) => {
    const delivery = await to(url);
    expect(delivery).toMatchObject({ kind: "failed", why: expect.stringContaining(why) });
    expect(JSON.stringify(delivery)).not.toContain("TEST-path");
  });

  it("shows no token that the other side quotes", async () => {
    const { url } = await httpReceiver(() => ({
      status: 400,
      body: "sk-ant-oat01-TEST-quoted-token",
    }));
    expect(JSON.stringify(await to(url))).not.toContain("TEST-quoted");
  });
});
