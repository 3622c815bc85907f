import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { openScene } from "../support/scene.ts";
import { asked, historyOf, type JobScene, openJobScene, putProgram, withJobs } from "./a-job.ts";

const HELLO = ["claude", "-p", "say hello"];
const KEY = "sk-ant-api03-TEST-key";

async function signedIn(version: "2.1.329" | "2.1.104" = "2.1.329"): Promise<JobScene> {
  const scene = await openJobScene(version);
  scene.write(scene.sandbox.signIn());
  return scene;
}

function settle(scene: JobScene, settings: object): void {
  writeFileSync(join(scene.home.configDir, "settings.json"), JSON.stringify(settings));
}

describe("a job that needs no help", () => {
  it("prints the same bytes as without run, and nothing on stderr", async () => {
    const scene = await signedIn();
    const [direct, ended] = [await scene.plain(HELLO), await scene.job([], HELLO)];
    expect(direct.code).toBe(0);
    expect(ended).toEqual(direct);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  claudeTest("2.1.329", "prints the same bytes as without run", async (build) => {
    const scene = withJobs(await openScene({ build }), "exit 1");
    scene.write(scene.sandbox.signIn());
    const command = [...build.command, "-p", "say hello"];
    const [direct, ended] = [await scene.plain(command), await scene.job([], command)];
    expect(direct).toMatchObject({ code: 0, stdout: "Hello from the sandbox.\n" });
    expect(ended).toEqual(direct);
  });

  it("is in the history with its exit status", async () => {
    const scene = await signedIn();
    await scene.job([], HELLO);
    await scene.job([], ["sh", "-c", "exit 3"]);
    const rows = (await historyOf(scene)).map(({ kind, exit }) => [kind, exit]);
    expect(rows).toEqual([
      ["run", 3],
      ["run", 0],
      ["verdict", null],
    ]);
  });

  it("proves the token when it was answered, and only once", async () => {
    const scene = await signedIn();
    await scene.job([], ["sh", "-c", "exit 0"]);
    const proofOf = async () =>
      JSON.parse((await scene.run(["status", "--json"])).stdout).logins[0].proof;
    expect(await proofOf()).toMatchObject({ state: "unproved" });
    await scene.job([], HELLO);
    await scene.job([], HELLO);
    expect(await proofOf()).toMatchObject({ state: "proved", by: "run" });
    const verdicts = (await historyOf(scene)).filter(({ kind }) => kind === "verdict");
    expect(verdicts.map(({ code }) => code)).toEqual(["proved"]);
  });
});

describe("a login that is renewed before the start", () => {
  it("spares a job with an ended token every request to the token endpoint", async () => {
    const scene = await openJobScene("2.1.329");
    const before = scene.sandbox.signIn({ accessTokenLife: 0 });
    scene.write(before);
    const ended = await scene.job([], HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, "Hello from the sandbox.\n", ""]);
    const [post, ...others] = scene.sandbox.tokenPosts();
    expect(others).toEqual([]);
    // The job's first request came with the new token, after the refresh.
    const { accessToken } = scene.document().claudeAiOauth;
    const requests = asked(scene);
    expect(requests.map(({ fingerprints }) => fingerprints.bearer)).toEqual([
      fingerprintOf(accessToken),
    ]);
    expect(requests[0]?.at).toBeGreaterThanOrEqual(post?.at ?? Infinity);
    expect(accessToken).not.toBe(before.claudeAiOauth.accessToken);
  });

  it("refuses to start a job on a login that is over, with 77", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    const ended = await scene.job([], HELLO);
    expect([ended.code, ended.stdout]).toEqual([77, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: login_ended: [^\n]*\n/);
    expect(asked(scene)).toEqual([]);
  });

  it("ends with 66 where there is no login", async () => {
    const scene = await openJobScene("2.1.329");
    const ended = await scene.job([], HELLO);
    expect(ended.code).toBe(66);
    expect(ended.stderr).toMatch(/pilotlight: no_credential: /);
  });
});

describe("the end of a job", () => {
  it("is 70 for a Claude Code that says nothing and exits 0", async () => {
    const scene = await signedIn();
    putProgram(join(scene.home.home, "bin", "claude"), "exit 0");
    const ended = await scene.job([], HELLO);
    expect([ended.code, ended.stdout]).toEqual([70, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: silent_exit: [^\n]*\n$/);
  });

  it("is the job's own for another command, with its bytes on both outputs", async () => {
    const scene = await signedIn();
    const script = "cat; printf 'a\\000\\377b'; printf warned >&2; exit 41";
    const stdin = Buffer.from([0, 255, 10, 13, 200]);
    const ended = await scene.job([], ["sh", "-c", script], { stdin });
    expect(ended.code).toBe(41);
    expect(ended.out).toEqual(Buffer.concat([stdin, Buffer.from([97, 0, 255, 98])]));
    expect(ended.stderr).toBe("warned");
  });

  it("is death by the signal that killed the job", async () => {
    const scene = await signedIn();
    const ended = await scene.job([], ["sh", "-c", "kill -TERM $$"]);
    expect([ended.code, ended.signal]).toEqual([null, "SIGTERM"]);
  });

  it("is 127 for a command that does not exist", async () => {
    const scene = await signedIn();
    const ended = await scene.job([], ["no-such-program-here"]);
    expect([ended.code, ended.stdout]).toEqual([127, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: [^\n]*no-such-program-here[^\n]*\n$/);
  });
});

describe("the credential of a job", () => {
  it("is the login with --auth subscription, whatever key is in the environment", async () => {
    const scene = await signedIn();
    const env = { ANTHROPIC_API_KEY: KEY };
    const ended = await scene.job(["--auth", "subscription"], HELLO, { env });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(asked(scene).map(({ credentialHeaders }) => credentialHeaders)).toEqual([
      ["authorization"],
    ]);
  });

  it.each([
    ["env.ANTHROPIC_API_KEY", { env: { ANTHROPIC_API_KEY: KEY } }],
    ["env.ANTHROPIC_BASE_URL", { env: { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" } }],
    ["apiKeyHelper", { apiKeyHelper: "echo key" }],
  ])(
    "is refused with 78 under --auth subscription where settings set %s",
    async (what, settings) => {
      const scene = await signedIn();
      settle(scene, settings);
      const ended = await scene.job(["--auth", "subscription"], HELLO);
      expect([ended.code, ended.stdout]).toEqual([78, ""]);
      expect(ended.stderr).toContain("pilotlight: credential_shadowed: ");
      expect(ended.stderr).toContain(`settings.json (${what})`);
      expect(ended.stderr).not.toContain(KEY);
      expect(asked(scene)).toEqual([]);
    },
  );

  it("is the key with --auth api-key", async () => {
    const scene = await signedIn();
    const env = { ANTHROPIC_API_KEY: KEY };
    const ended = await scene.job(["--auth", "api-key"], HELLO, { env });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(asked(scene).map(({ credentialHeaders }) => credentialHeaders)).toEqual([["x-api-key"]]);
  });

  it("is named where a sign-in would not help", async () => {
    const scene = await signedIn();
    scene.sandbox.fault({ name: "messages-401-invalid", times: 5, shouldRetry: false });
    const env = { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TEST-refused" };
    const ended = await scene.job([], HELLO, { env });
    expect(ended.code).toBe(77);
    expect(ended.stderr).toContain("CLAUDE_CODE_OAUTH_TOKEN was rejected, so replace it");
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  it("is missing with --auth api-key and no key: 66", async () => {
    const scene = await signedIn();
    const ended = await scene.job(["--auth", "api-key"], HELLO);
    expect([ended.code, ended.stdout]).toEqual([66, ""]);
    expect(ended.stderr).toContain("pilotlight: no_api_key: ");
  });

  it("is of the wrong kind with an OAuth token for a key: 78", async () => {
    const scene = await signedIn();
    const env = { ANTHROPIC_API_KEY: "sk-ant-oat01-TEST-not-a-key" };
    const ended = await scene.job(["--auth", "api-key"], HELLO, { env });
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain("pilotlight: wrong_credential: ");
    expect(ended.stderr).not.toContain("sk-ant-oat01-TEST");
  });

  it("is the key that stands beside a login, with a warning", async () => {
    const scene = await signedIn();
    const ended = await scene.job([], HELLO, { env: { ANTHROPIC_API_KEY: KEY } });
    expect([ended.code, ended.stdout]).toEqual([0, "Hello from the sandbox.\n"]);
    expect(ended.stderr).toMatch(
      /^pilotlight: warning: credential_shadowed: ANTHROPIC_API_KEY [^\n]*\n$/,
    );
    expect(asked(scene).map(({ credentialHeaders }) => credentialHeaders)).toEqual([["x-api-key"]]);
  });

  it("is refused with 78 when a key stands beside a login and the configuration says so", async () => {
    const scene = await signedIn();
    const env = { ANTHROPIC_API_KEY: KEY, PILOTLIGHT_ON_SHADOW: "refuse" };
    const ended = await scene.job([], HELLO, { env });
    expect([ended.code, ended.stdout]).toEqual([78, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: credential_shadowed: /);
    expect(asked(scene)).toEqual([]);
  });
});
