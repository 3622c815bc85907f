import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import type { ClaudeOptions } from "../../src/orchestrator.ts";
import { openJobScene } from "../e2e/run/a-job.ts";

const ENTRY = pathToFileURL(fileURLToPath(new URL("../../src/orchestrator.ts", import.meta.url)));
const OAT = "sk-ant-oat01-TEST-of-the-environment";
const KEY = "sk-ant-api03-TEST-key";

/** Asks in a process of its own, whose whole environment is the scene's, and by the proxy as a service would. */
async function wireOf(
  { isPlan, ...options }: ClaudeOptions & { readonly isPlan?: boolean },
  env: Record<string, string> = {},
  profileFiles: Readonly<Record<string, object>> = {},
) {
  const scene = await openJobScene("2.1.329");
  scene.write(scene.sandbox.signIn());
  const profiles = scene.env["ANTHROPIC_CONFIG_DIR"] ?? "";
  for (const [name, content] of Object.entries(profileFiles)) {
    mkdirSync(dirname(join(profiles, name)), { recursive: true });
    writeFileSync(join(profiles, name), JSON.stringify(content), { mode: 0o600 });
  }
  const script = join(scene.home.home, "ask.mjs");
  writeFileSync(
    script,
    `import { createClaude } from ${JSON.stringify(ENTRY.href)};
     try {
       const claude = createClaude(${JSON.stringify(options)});
       const answer = ${isPlan === true} ? claude.plan() : await claude.ask({ prompt: "?" });
       console.log(JSON.stringify(answer));
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

const OURS: ClaudeOptions = { auth: "auto", model: "claude-haiku-5-5" };

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

  it("of the API is the token of the SDK's own profile or federation, where no key is set", async () => {
    const files = {
      "configs/work.json": { authentication: { type: "user_oauth" } },
      "credentials/work.json": { access_token: "TEST-of-a-profile", expires_at: 4_000_000_000 },
    };
    const { answer, asked } = await wireOf({ ...OURS, profile: "work" }, {}, files);
    expect(asked.map(({ bearer }) => bearer)).toEqual([fingerprintOf("TEST-of-a-profile")]);
    expect(answer).toMatchObject({
      code: expect.stringMatching(/^(auth_rejected|wrong_credential)$/),
    });
    const federated = {
      ANTHROPIC_FEDERATION_RULE_ID: "fdrl_TEST",
      ANTHROPIC_IDENTITY_TOKEN: "TEST",
    };
    const planned = await wireOf({ ...OURS, isPlan: true }, federated);
    expect(planned.answer).toMatchObject({
      backend: "api",
      reason: "a direct call, and ANTHROPIC_FEDERATION_RULE_ID is set",
    });
  });

  it.each<[string, ClaudeOptions, Record<string, string>]>([
    ["as a key", { ...OURS, apiKey: OAT }, {}],
    ["as a key's variable", OURS, { ANTHROPIC_API_KEY: OAT }],
    ["as a bearer", { ...OURS, apiKey: KEY }, { ANTHROPIC_AUTH_TOKEN: OAT }],
    ["as a key for Claude Code", { ...OURS, backend: "cli", auth: "api-key", apiKey: OAT }, {}],
  ])("is nothing, for a token of the subscription %s", async (_what, options, env) => {
    const { answer, asked } = await wireOf(options, env);
    expect([answer, asked]).toEqual([{ code: "wrong_credential" }, []]);
  });

  it("of Claude Code is its own login, sent by itself, though a key is set", async () => {
    const options: ClaudeOptions = { auth: "subscription" };
    const { answer, asked, login } = await wireOf(options, { ANTHROPIC_API_KEY: KEY });
    expect(answer).toMatchObject({ backend: "cli", credential: "oauth" });
    const messages = asked.filter(({ path }) => path.startsWith("/v1/messages"));
    expect(messages).toEqual([
      { path: "/v1/messages", bearer: login, apiKey: null, isOfClaudeCode: true },
    ]);
  });
});
