import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import { openJobScene } from "../e2e/run/a-job.ts";

const ENTRY = pathToFileURL(fileURLToPath(new URL("../../src/orchestrator.ts", import.meta.url)));
const OAT = "sk-ant-oat01-TEST-of-the-environment";
const KEY = "sk-ant-api03-TEST-key";

/** Asks in a process of its own, whose whole environment is the scene's, and by the proxy as a service would. */
async function wireOf(options: object, env: Record<string, string> = {}) {
  const scene = await openJobScene("2.1.329");
  scene.write(scene.sandbox.signIn());
  const script = join(scene.home.home, "ask.mjs");
  writeFileSync(
    script,
    `import { createClaude } from ${JSON.stringify(ENTRY.href)};
     try {
       const claude = createClaude(${JSON.stringify(options)});
       console.log(JSON.stringify(await claude.ask({ prompt: "?" })));
     } catch (error) {
       console.log(JSON.stringify({ code: error.code ?? error.message }));
     }`,
  );
  const ran = await new Promise<string>((resolve) => {
    const job = scene.begin([process.execPath, script], {
      env: { NODE_USE_ENV_PROXY: "1", ...env },
    });
    job.close();
    void job.ended.then(({ stdout }) => resolve(stdout));
  });
  const asked = scene.sandbox.requests().map(({ path, fingerprints, userAgent }) => ({
    path,
    bearer: fingerprints.bearer,
    apiKey: fingerprints.apiKey,
    isOfClaudeCode: userAgent?.startsWith("claude-cli") === true,
  }));
  const [login] = scene.sandbox.logins();
  return { answer: JSON.parse(ran) as Record<string, unknown>, asked, login: login?.accessToken };
}

const OURS = { auth: "auto", model: "claude-haiku-5-5" };

describe("what goes over the wire", () => {
  it("of the API is the key, whatever subscription is at hand", async () => {
    const { answer, asked } = await wireOf(
      { ...OURS, apiKey: KEY },
      { CLAUDE_CODE_OAUTH_TOKEN: OAT },
    );
    expect(answer).toMatchObject({ backend: "api", credential: "api-key" });
    const bearer = fingerprintOf(KEY);
    expect(asked).toEqual([{ path: "/v1/messages", bearer, apiKey: null, isOfClaudeCode: false }]);
  });

  it("of the API is no token that the SDK would find by itself", async () => {
    const env = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_AUTH_TOKEN: "TEST-of-somebody" };
    const { asked } = await wireOf(OURS, env);
    expect(asked.map(({ bearer, apiKey }) => [bearer, apiKey])).toEqual([
      [fingerprintOf(KEY), null],
    ]);
  });

  it.each([
    ["as a key", { ...OURS, apiKey: OAT }, {}],
    ["as a key's variable", OURS, { ANTHROPIC_API_KEY: OAT }],
    ["as a bearer", { ...OURS, apiKey: KEY }, { ANTHROPIC_AUTH_TOKEN: OAT }],
    ["as a key for Claude Code", { ...OURS, backend: "cli", auth: "api-key", apiKey: OAT }, {}],
  ])("is nothing, for a token of the subscription %s", async (_what, options, env) => {
    const { answer, asked } = await wireOf(options, env);
    expect([answer, asked]).toEqual([{ code: "wrong_credential" }, []]);
  });

  it("of Claude Code is its own login, sent by itself, though a key is set", async () => {
    const options = { auth: "subscription" };
    const { answer, asked, login } = await wireOf(options, { ANTHROPIC_API_KEY: KEY });
    expect(answer).toMatchObject({ backend: "cli", credential: "oauth" });
    const messages = asked.filter(({ path }) => path.startsWith("/v1/messages"));
    expect(messages).toEqual([
      { path: "/v1/messages", bearer: login, apiKey: null, isOfClaudeCode: true },
    ]);
  });
});
