import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { inventedModel } from "../../demo/invented-model.ts";
import { openScene, type Scene } from "../../../../packages/pilotlight/test/e2e/support/scene.ts";
import { startService } from "./a-service.ts";

const FROM_SOURCE = new URL("../../../../scripts/from-source.mjs", import.meta.url).href;
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const KEY = "sk-ant-api03-TEST-context";

/** What the service needs to ask the sandbox with the vendor's SDK. */
function keyFor({ sandbox }: Scene): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: KEY,
    ANTHROPIC_BASE_URL: sandbox.url,
    CONTEXT_MODEL: "claude-sonnet-5-5",
  };
}

describe("the service as a process, with an API key", () => {
  it("answers by a direct call, tells health and metrics, and ends on TERM", async () => {
    const scene = await openScene({ sandbox: { reply: inventedModel } });
    const service = await startService(scene, { env: keyFor(scene) });
    expect(await service.say("I moved to London.")).toMatchObject({
      status: 200,
      body: {
        facts: [{ text: "She lives in London." }],
        credential: { auth: "api-key", backend: "api", source: "ANTHROPIC_API_KEY" },
      },
    });
    expect((await service.health()).body).toMatchObject({
      status: "ok",
      credential: { auth: "api-key", phase: "static", expiresAt: null, loginEndsAt: null },
      warnings: [],
    });
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain('pilotlight_asks_total{backend="api",code="ok"} 1');
    expect(await service.stop()).toBe(0);
    expect(service.log()).not.toMatch(/sk-ant|London/);
  });

  it.each([
    ["messages-401-api-key", "gateway_rejected", false, null],
    ["messages-429-usage-limit", "usage_limit", true, /^(599|600)$/],
    ["messages-429-throttled", "overloaded", true, /^(599|600)$/],
  ] as const)("is a problem on %s", async (fault, code, retryable, retryAfter) => {
    const scene = await openScene({ sandbox: { reply: inventedModel } });
    const service = await startService(scene, { env: keyFor(scene) });
    scene.sandbox.fault({ name: fault, retryAfter: 600 });
    const told = await service.say("I moved to London.");
    expect(told).toMatchObject({
      status: 503,
      body: { code, retryable, facts: null, stale: true, action: { message: expect.any(String) } },
    });
    if (retryAfter === null) expect(told.retryAfter).toBeNull();
    else expect(told.retryAfter).toMatch(retryAfter);
    scene.sandbox.clearFaults();
    expect((await service.context()).status).toBe(200);
    expect((await service.health()).body).toMatchObject({ status: "ok" });
  });

  it("takes an answer without its value for a failure, not for no facts", async () => {
    const scene = await openScene({ sandbox: { reply: () => "Nothing comes to mind." } });
    const service = await startService(scene, { env: keyFor(scene) });
    const told = await service.say("I moved to London.");
    expect(told).toMatchObject({ status: 503, body: { code: "structured_output_missing" } });
  });

  it("tells its progress on a stream, which does not keep it from ending", async () => {
    const scene = await openScene({ sandbox: { reply: inventedModel } });
    const service = await startService(scene, { env: keyFor(scene) });
    const stream = await fetch(`${service.url}/api/v1/entities/ada/progress`);
    await service.say("I moved to London.");
    expect(await service.stop()).toBe(0);
    const events = [...(await stream.text()).matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
    expect(events).toEqual(["idle", "asked", "reading", "stored", "done"]);
  });

  it("has everything again after it was killed in the middle of a question", async () => {
    const scene = await openScene({ sandbox: { reply: inventedModel } });
    const first = await startService(scene, { env: keyFor(scene) });
    await first.say("I moved to London.");
    scene.sandbox.fault({ name: "messages-529", delayMs: 20_000, times: 1 });
    const asked = first.say("We relocated to Turin.").catch(() => null);
    await until(() => asksOf(scene) === 2);
    await first.stop("SIGKILL");
    await asked;
    const second = await startService(scene, { env: keyFor(scene) });
    const facts = await second.get("/api/v1/entities/ada/facts");
    expect(facts.body).toMatchObject({
      facts: [{ text: "She lives in London." }],
      messagesUnread: 1,
    });
    expect((await second.context()).body).toMatchObject({
      facts: [{ text: "She lives in Turin." }],
    });
  });
});

describe("the service does not start", () => {
  it.each([
    ["without a key", {}, 66, /^no_api_key: .*CONTEXT_AUTH=subscription/],
    [
      "without a model for the API",
      { ANTHROPIC_API_KEY: KEY },
      78,
      /^config_invalid: .*CONTEXT_MODEL/,
    ],
    [
      "with an OAuth token as the key",
      { ANTHROPIC_API_KEY: "sk-ant-oat01-TEST-context" },
      78,
      /^wrong_credential: /,
    ],
    [
      "on a directory that is none",
      { ANTHROPIC_API_KEY: KEY, CONTEXT_MODEL: "claude-sonnet-5-5", CONTEXT_DATA: "/dev/null/x" },
      78,
      /^config_invalid: .*CONTEXT_DATA/,
    ],
    [
      "for others without a token",
      { ANTHROPIC_API_KEY: KEY, CONTEXT_MODEL: "claude-sonnet-5-5", CONTEXT_HOST: "0.0.0.0" },
      78,
      /^config_invalid: .*CONTEXT_TOKEN/,
    ],
  ])("%s", async (_what, env, exit, said) => {
    const scene = await openScene();
    const child = spawn(process.execPath, ["--import", FROM_SOURCE, MAIN], {
      cwd: scene.home.home,
      env: { ...scene.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, stderr]).toEqual([exit, expect.stringMatching(said)]);
    expect(stderr).not.toContain("-TEST-");
  });
});

it("the service does not start on a port that is taken", async () => {
  const scene = await openScene();
  const env = keyFor(scene);
  const { url } = await startService(scene, { env });
  const second = startService(scene, { env: { ...env, CONTEXT_PORT: new URL(url).port } });
  await expect(second).rejects.toThrow(/config_invalid: .*CONTEXT_PORT: .*EADDRINUSE/);
});

function asksOf({ sandbox }: Scene): number {
  return sandbox.requests().filter(({ path }) => path === "/v1/messages").length;
}

async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error("it never came true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
