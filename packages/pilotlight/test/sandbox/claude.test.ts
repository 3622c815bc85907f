import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { type CredentialsDocument, type Sandbox, startSandbox } from "../../src/sandbox/index.ts";
import { type ClaudeBuild, CLAUDE_VERSIONS } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { type ClaudeRunOptions, runClaude } from "../support/run-claude.ts";

const SAY_HELLO = ["-p", "say hello", "--output-format", "json"];

let sandbox: Sandbox;
let home: IsolatedHome;

beforeEach(async () => {
  sandbox = await startSandbox();
  home = isolatedHome();
});

afterEach(async () => {
  await sandbox.stop();
  home.cleanup();
});

function store(document: object, dir = home.configDir): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, ".credentials.json"), JSON.stringify(document), { mode: 0o600 });
}

function stored(dir = home.configDir): CredentialsDocument["claudeAiOauth"] {
  const text = readFileSync(join(dir, ".credentials.json"), "utf8");
  return (JSON.parse(text) as CredentialsDocument).claudeAiOauth;
}

function run(build: ClaudeBuild, args: readonly string[], more: Partial<ClaudeRunOptions> = {}) {
  const { env, ...rest } = more;
  const all = { ...home.env, ...sandbox.env(), ...env };
  return runClaude(build, args, { cwd: home.home, env: all, ...rest });
}

function resultOf(stdout: string): { is_error: boolean; result: string } {
  return JSON.parse(stdout);
}

for (const version of CLAUDE_VERSIONS) {
  describe(`the real Claude Code ${version} in the sandbox`, () => {
    claudeTest(
      version,
      "answers with a fresh token and leaves the token endpoint alone",
      async (build) => {
        const document = sandbox.signIn();
        store(document);
        const { code, stdout } = await run(build, SAY_HELLO);
        expect(resultOf(stdout)).toMatchObject({
          is_error: false,
          result: "Hello from the sandbox.",
        });
        expect(code).toBe(0);
        expect(sandbox.tokenPosts()).toEqual([]);
        expect(stored().refreshToken).toBe(document.claudeAiOauth.refreshToken);
      },
    );

    claudeTest(
      version,
      "refreshes an expired token once, stores the new pair and answers",
      async (build) => {
        const document = sandbox.signIn({ accessTokenLife: 0 });
        store(document);
        const { code, stdout } = await run(build, SAY_HELLO);
        expect(resultOf(stdout)).toMatchObject({ is_error: false });
        expect(code).toBe(0);
        expect(sandbox.tokenPosts()).toMatchObject([{ status: 200, grantType: "refresh_token" }]);
        expect(sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
        expect(stored().refreshToken).not.toBe(document.claudeAiOauth.refreshToken);
        expect(stored().expiresAt).toBeGreaterThan(Date.now());
      },
    );
  });
}

for (const version of ["2.1.329", "2.1.216"] as const) {
  describe(`the real Claude Code ${version} in a staging directory`, () => {
    claudeTest(
      version,
      "rotates on `mcp list` when expiresAt is 1, without a Messages request",
      async (build) => {
        const { claudeAiOauth } = sandbox.signIn();
        const stage = join(home.home, "stage");
        store({ claudeAiOauth: { ...claudeAiOauth, expiresAt: 1 } }, stage);
        const env = { CLAUDE_CONFIG_DIR: stage, CLAUDE_SECURESTORAGE_CONFIG_DIR: stage };
        const { code } = await run(build, ["mcp", "list"], { cwd: stage, env });
        expect(code).toBe(0);
        expect(sandbox.tokenPosts()).toHaveLength(1);
        expect(sandbox.requests().filter(({ path }) => path.startsWith("/v1/messages"))).toEqual(
          [],
        );
        expect(stored(stage).refreshToken).not.toBe(claudeAiOauth.refreshToken);
        // The answer counts in whole seconds, and the CLI takes an earlier end over.
        const moved = claudeAiOauth.refreshTokenExpiresAt - stored(stage).refreshTokenExpiresAt;
        expect(moved).toBeGreaterThanOrEqual(0);
        expect(moved).toBeLessThan(2000);
      },
    );

    claudeTest(version, "has its store blanked by an invalid_grant", async (build) => {
      store(sandbox.signIn({ accessTokenLife: 0 }));
      sandbox.endLogin();
      const { code, stdout } = await run(build, SAY_HELLO);
      expect(resultOf(stdout)).toMatchObject({ is_error: true });
      expect(code).toBe(1);
      expect(stored()).toMatchObject({ accessToken: "", refreshToken: "", expiresAt: 0 });
    });
  });
}

describe("the real Claude Code 2.1.329 and an early revocation", () => {
  claudeTest("2.1.329", "is answered 401, refreshes and goes on", async (build) => {
    store(sandbox.signIn());
    sandbox.revokeAccess();
    const { code } = await run(build, SAY_HELLO);
    expect(code).toBe(0);
    const statuses = sandbox.requests().map(({ path, status }) => [path, status]);
    expect(statuses).toContainEqual(["/v1/messages", 401]);
    expect(sandbox.grants().refreshes).toBe(1);
  });
});

describe("the real `claude auth login` 2.1.329", () => {
  claudeTest(
    "2.1.329",
    "signs in with a code the sandbox issued and writes the sandbox's document",
    async (build) => {
      const answer = (stdout: string) => {
        const url = /https:\/\/\S+state=[^\s&]+/.exec(stdout)?.[0];
        return url === undefined ? null : `${sandbox.issueCode(url)}\n`;
      };
      const { code } = await run(build, ["auth", "login", "--claudeai"], { answer });
      expect(code).toBe(0);
      expect(sandbox.tokenPosts()).toMatchObject([
        { grantType: "authorization_code", status: 200 },
      ]);
      const written = stored();
      const ours = sandbox.signIn({ scopes: written.scopes }).claudeAiOauth;
      expect(Object.keys(written).toSorted()).toEqual(Object.keys(ours).toSorted());
      // The source is "profile" where the CLI took the plan from GET profile, as it does here.
      const { subscriptionType, rateLimitTier, accountUuid, organizationUuid } = ours;
      const same = { subscriptionType, rateLimitTier, accountUuid, organizationUuid };
      expect(written).toMatchObject(same);
    },
  );
});
