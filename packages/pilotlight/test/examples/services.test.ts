import { describe, expect, it } from "vitest";
import { asked, openJobScene } from "../e2e/run/a-job.ts";
import { claudeTest } from "../support/claude-test.ts";
import { example, keyFor, MODEL, openRealScene, openService, until } from "./an-example.ts";

const HELLO = "Hello from the sandbox.";

describe.each(["express", "hono"])("examples/%s.ts", (name) => {
  it("answers by the API, says that it is well, counts, and ends on TERM", async () => {
    const scene = await openJobScene("2.1.329");
    const service = await openService(scene, name, { env: keyFor(scene) });
    const answer = await service.ask({ prompt: "say hello" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ text: HELLO, model: MODEL });
    const health = await service.get("/health");
    expect([health.status, await health.json()]).toMatchObject([200, { isWell: true, running: 0 }]);
    const metrics = await service.get("/metrics");
    expect(metrics.headers.get("content-type")).toMatch(/^text\/plain; ?version=0\.0\.4/);
    expect(await metrics.text()).toContain('pilotlight_asks_total{backend="api",code="ok"} 1');
    const { code, stdout, stderr } = await service.stop();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^asks by a direct call, and ANTHROPIC_API_KEY is set\n/);
  });

  it("is unwell from a rejected key on until the next answer, and tells only itself the fix", async () => {
    const scene = await openJobScene("2.1.329");
    const service = await openService(scene, name, { env: keyFor(scene) });
    scene.sandbox.fault({ name: "messages-401-api-key", times: 1 });
    const refused = await service.ask({ prompt: "say hello" });
    expect(refused.status).toBe(502);
    const { error, what, retryable, ...others } = (await refused.json()) as Record<string, unknown>;
    expect([error, retryable, others]).toEqual(["gateway_rejected", false, {}]);
    expect(what).toContain("rejected");
    const health = await service.get("/health");
    const lastError = { code: "gateway_rejected" };
    expect([health.status, await health.json()]).toMatchObject([503, { isWell: false, lastError }]);
    expect((await service.ask({ prompt: "say hello" })).status).toBe(200);
    expect((await service.get("/health")).status).toBe(200);
    const { stderr } = await service.stop();
    expect(stderr).toMatch(/^gateway_rejected: .*; check that gateway/);
  });

  it.each([
    ["the API asks for patience", "messages-429-throttled", 503, "overloaded"],
    ["a limit is used up", "messages-429-usage-limit", 429, "usage_limit"],
  ] as const)("says when to come back where %s", async (_, fault, status, error) => {
    const scene = await openJobScene("2.1.329");
    const service = await openService(scene, name, { env: keyFor(scene) });
    scene.sandbox.fault({ name: fault, retryAfter: 600 });
    const refused = await service.ask({ prompt: "say hello" });
    expect([refused.status, await refused.json()]).toMatchObject([status, { error }]);
    const seconds = Number(refused.headers.get("retry-after"));
    expect(seconds).toBeGreaterThan(590);
    expect(seconds).toBeLessThanOrEqual(600);
  });

  it("waits where the API asks for a second of patience", async () => {
    const scene = await openJobScene("2.1.329");
    const service = await openService(scene, name, { env: keyFor(scene) });
    scene.sandbox.fault({ name: "messages-429-throttled", retryAfter: 1, times: 1 });
    expect((await service.ask({ prompt: "say hello" })).status).toBe(200);
    expect(asked(scene).map(({ status }) => status)).toEqual([429, 200]);
  });

  it.each([
    ["no JSON", "{"],
    ["no prompt", {}],
    ["an empty prompt", { prompt: "" }],
  ])("refuses a body with %s, and asks nothing", async (_, body) => {
    const scene = await openJobScene("2.1.329");
    const service = await openService(scene, name, { env: keyFor(scene) });
    expect((await service.ask(body)).status).toBe(400);
    expect(asked(scene)).toEqual([]);
  });

  it("gives up the question of a client that goes away, and goes on", async () => {
    const scene = await openJobScene("2.1.329");
    const service = await openService(scene, name, { env: keyFor(scene) });
    scene.sandbox.fault({ name: "messages-529", times: 1, delayMs: 20_000 });
    const leaving = new AbortController();
    const answer = service.ask({ prompt: "say hello" }, leaving.signal);
    const running = async () =>
      ((await (await service.get("/health")).json()) as { running: number }).running;
    await until(async () => (await running()) === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow(/abort/i);
    await until(async () => (await running()) === 0);
    expect((await service.ask({ prompt: "say hello" })).status).toBe(200);
    const { code, stderr } = await service.stop();
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("does not start without a key", async () => {
    const scene = await openJobScene("2.1.329");
    const { code, stderr } = await scene.plain(example(name), { env: { PORT: "0" } });
    expect(code).toBe(66);
    expect(stderr).toMatch(/^no_api_key: there is no API key: .*\n$/);
  });

  it("uses the own login when that is said, with no key that is set as well", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    const env = { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-examples" };
    const service = await openService(scene, name, { args: ["--own"], env });
    const answer = await service.ask({ prompt: "say hello" });
    expect([answer.status, await answer.json()]).toMatchObject([200, { text: HELLO }]);
    expect(asked(scene).map(({ credentialHeaders }) => credentialHeaders)).toEqual([
      ["authorization"],
    ]);
  });

  claudeTest("2.1.329", "answers through Claude Code", async (build) => {
    const scene = await openRealScene(build);
    const service = await openService(scene, name, { args: ["--own"] });
    const answer = await service.ask({ prompt: "say hello" });
    expect([answer.status, await answer.json()]).toMatchObject([200, { text: HELLO }]);
    expect((await service.get("/health")).status).toBe(200);
    expect((await service.stop()).code).toBe(0);
  });
});
