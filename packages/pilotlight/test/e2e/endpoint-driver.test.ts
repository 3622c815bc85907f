import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Fault, TokenFaultName } from "../../src/sandbox/fault.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/index.ts";
import {
  endOf,
  expectLivingPair,
  expectSettled,
  grantInFlight,
  livePair,
  reportOf,
  sentTokens,
} from "./support/expectations.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];
const FORCED = [...REFRESH, "--force"];

async function expiredScene(env: Record<string, string> = {}): Promise<Scene> {
  const scene = await openScene({ env });
  scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
  return scene;
}

/** A place where a server has been. */
async function closedSandbox(): Promise<Sandbox> {
  const sandbox = await startSandbox();
  await sandbox.stop();
  return sandbox;
}

describe("the endpoint driver", () => {
  it("leaves a fresh login alone", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    const before = scene.text();
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "unchanged", "fresh"]);
    expect(scene.text()).toBe(before);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  it("refreshes an expired login under its own name and keeps what it does not know", async () => {
    const scene = await openScene();
    const { claudeAiOauth } = scene.sandbox.signIn({ accessTokenLife: 0 });
    scene.write({ mcpOAuth: { a: 1 }, claudeAiOauth: { ...claudeAiOauth, futureInside: 1 } });
    const finished = await scene.run(REFRESH);
    expect(endOf(finished)).toEqual([0, "refreshed", null]);
    expect(reportOf(finished).driver).toBe("endpoint");
    expect(scene.sandbox.tokenPosts()).toMatchObject([
      { status: 200, face: "direct", userAgent: expect.stringMatching(/^pilotlight\/\d/) },
    ]);
    expect(scene.document()).toMatchObject({
      mcpOAuth: { a: 1 },
      claudeAiOauth: { futureInside: 1, subscriptionType: claudeAiOauth.subscriptionType },
    });
    expectLivingPair(scene);
    expectSettled(scene);
  });

  it("is refused with 78 unless the user accepts that it is unsupported", async () => {
    const scene = await expiredScene({ PILOTLIGHT_ACCEPT_UNSUPPORTED: "" });
    const { code, stderr } = await scene.run(["refresh"]);
    expect([code, stderr]).toEqual([78, expect.stringContaining("config_invalid")]);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  it("goes through the proxy, and trusts the CA, of its environment", async () => {
    const scene = await expiredScene({
      PILOTLIGHT_TOKEN_URL: "https://platform.claude.com/v1/oauth/token",
    });
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
    expect(scene.sandbox.tokenPosts()).toMatchObject([{ face: "proxy", status: 200 }]);
    expectLivingPair(scene);
  });

  it("follows no redirect with the refresh token", async () => {
    const scene = await expiredScene();
    const before = scene.text();
    const server = createServer((_request, response) => {
      response.writeHead(307, { location: scene.sandbox.tokenUrl }).end();
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const env = { PILOTLIGHT_TOKEN_URL: `http://127.0.0.1:${port}/v1/oauth/token` };
    const { code } = await scene.run(REFRESH, env);
    expect([69, 75, 78]).toContain(code);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
    expect(scene.text()).toBe(before);
  });

  it("spends nothing where nobody listens, and says so with 69", async () => {
    const scene = await expiredScene();
    const { tokenUrl } = await closedSandbox();
    const finished = await scene.run(REFRESH, { PILOTLIGHT_TOKEN_URL: tokenUrl });
    expect(endOf(finished)).toEqual([69, "deferred", "network_unavailable"]);
    expectSettled(scene);
  });

  it("gives way to a sign-in that came while its grant was rejected", async () => {
    const scene = await expiredScene();
    scene.sandbox.endLogin();
    scene.sandbox.fault({ name: "token-slow", delayMs: 1_500 });
    const running = scene.start(REFRESH);
    await grantInFlight(scene);
    scene.write(scene.sandbox.signIn());
    const signedIn = scene.text();
    expect(endOf(await running.finished)).toEqual([0, "adopted", null]);
    expect(scene.text()).toBe(signedIn);
    expectSettled(scene);
  });

  it("makes one grant for ten command lines at once", async () => {
    const scene = await expiredScene();
    const ends = await Promise.all(Array.from({ length: 10 }, () => scene.run(REFRESH)));
    expect(ends.map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    expectLivingPair(scene);
    expectSettled(scene);
  });

  it("uses one refresh token again and again where the server does not rotate", async () => {
    const scene = await openScene({ sandbox: { rotates: false } });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const { refreshToken } = livePair(scene);
    expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
    expect(endOf(await scene.run(FORCED))).toEqual([0, "refreshed", null]);
    expect(sentTokens(scene)).toEqual([refreshToken, refreshToken]);
    expectLivingPair(scene);
  });
});

type End = readonly [exit: number, outcome: string, reason: string];

const UNAVAILABLE: End = [69, "deferred", "endpoint_unavailable"];
const IN_DOUBT: End = [75, "in_doubt", "in_doubt"];
const DEAD: End = [77, "dead", "login_ended"];

/** Each fault, and what it comes to, right away and after it is over. */
const FAULTY: readonly (readonly [Fault<TokenFaultName>, End, End | "recovers"])[] = [
  [{ name: "token-429" }, [75, "deferred", "throttled"], "recovers"],
  [{ name: "token-429", retryAfter: 30 }, [75, "deferred", "throttled"], "recovers"],
  [{ name: "token-500" }, UNAVAILABLE, "recovers"],
  [{ name: "token-502" }, IN_DOUBT, "recovers"],
  [{ name: "token-503-html" }, UNAVAILABLE, "recovers"],
  [{ name: "token-403-html" }, [69, "deferred", "edge_forbidden"], "recovers"],
  [{ name: "token-403-json" }, [78, "failed", "endpoint_refused"], "recovers"],
  [{ name: "token-error-400" }, UNAVAILABLE, "recovers"],
  [{ name: "token-error-401" }, UNAVAILABLE, "recovers"],
  [{ name: "token-hang", delayMs: 2_000 }, IN_DOUBT, "recovers"],
  [{ name: "token-reset" }, IN_DOUBT, "recovers"],
  [{ name: "token-rotate-then-drop" }, IN_DOUBT, DEAD],
  [{ name: "token-rotate-then-hang", delayMs: 2_000 }, IN_DOUBT, DEAD],
  [{ name: "token-rotate-then-broken-json" }, IN_DOUBT, DEAD],
  [{ name: "token-invalid-grant-400" }, DEAD, "recovers"],
  [{ name: "token-invalid-grant-401" }, DEAD, "recovers"],
];

describe("the endpoint driver meets", () => {
  for (const [fault, end, after] of FAULTY) {
    it(`${fault.name}${fault.retryAfter === undefined ? "" : " with Retry-After"}`, async () => {
      const scene = await expiredScene();
      const before = scene.text();
      scene.sandbox.fault(fault);
      expect(endOf(await scene.run(REFRESH))).toEqual(end);
      expect(scene.text()).toBe(before);
      // One request of ours is one request: nothing here sends a token a second time by itself.
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
      scene.sandbox.clearFaults();
      const finished = endOf(await scene.run(FORCED));
      if (after !== "recovers") return expect(finished).toEqual(after);
      expect(finished).toEqual([0, "refreshed", null]);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expectLivingPair(scene);
      expectSettled(scene);
    });
  }

  for (const name of ["token-without-scope", "token-without-refresh-token"] as const) {
    it(`${name}, and keeps what the answer left out`, async () => {
      const scene = await expiredScene();
      const { scopes, refreshToken } = scene.document().claudeAiOauth;
      scene.sandbox.fault({ name });
      expect(endOf(await scene.run(REFRESH))).toEqual([0, "refreshed", null]);
      const stored = scene.document().claudeAiOauth;
      expect(stored.scopes).toEqual(scopes);
      if (name === "token-without-refresh-token") expect(stored.refreshToken).toBe(refreshToken);
      expectLivingPair(scene);
      expectSettled(scene);
    });
  }
});
