import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { expectLivingPair, expectSettled, livePair, until } from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { startSignIn } from "./a-sign-in.ts";

/** A scene with a login that lives, and something of others' beside it. */
async function signedIn(
  build: ClaudeBuild,
  more: Parameters<typeof openScene>[0] = {},
): Promise<Scene> {
  const scene = await openScene({ build, ...more });
  scene.write({ ...scene.sandbox.signIn(), mcpOAuth: { server: { accessToken: "TEST-mcp" } } });
  await new Promise((resolve) => setTimeout(resolve, 20));
  return scene;
}

const codeOf = (stderr: string) => /pilotlight: (\w+):/.exec(stderr)?.[1];

/** No token is left in any stage, and no code anywhere. */
function expectNothingLeft(scene: Scene, code: string): void {
  const files = readdirSync(scene.state, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const staged = files.filter(
    ({ name, parentPath }) => name === ".credentials.json" && parentPath.includes("sign-in"),
  );
  expect(staged).toEqual([]);
  const [secret = ""] = code.split("#");
  const holding = files.filter(({ name, parentPath }) =>
    readFileSync(join(parentPath, name)).includes(secret),
  );
  expect(holding).toEqual([]);
}

describe("login", () => {
  for (const version of ["2.1.329", "2.1.216"] as const) {
    claudeTest(
      version,
      "replaces the present login by a proved one, and keeps what is beside it",
      async (build) => {
        const scene = await signedIn(build);
        const before = livePair(scene);
        const { running, code, give } = await startSignIn(scene);
        const given = code();
        // While the person reads, the present login is untouched.
        expect(livePair(scene)).toEqual(before);
        give(`${given}\n`);
        const { code: exit, stdout, stderr } = await running.finished;
        expect([exit, stderr]).toEqual([0, ""]);
        const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as object;
        expect(result).toMatchObject({
          event: "signed_in",
          schema: "pilotlight.login/v1",
          login: "default",
        });
        expect(livePair(scene)).not.toEqual(before);
        expectLivingPair(scene);
        expectSettled(scene);
        expect(scene.document()).toMatchObject({
          mcpOAuth: { server: { accessToken: "TEST-mcp" } },
        });
        expectNothingLeft(scene, given);
        expect(stdout + stderr).not.toContain("sk-ant-");
        const status = JSON.parse((await scene.run(["status", "--json"])).stdout) as {
          logins: object[];
        };
        expect(status.logins[0]).toMatchObject({
          usable: true,
          proof: { state: "proved", by: "sign-in" },
        });
      },
    );
  }

  claudeTest("2.1.329", "makes the first login of a host", async (build) => {
    const scene = await openScene({ build });
    rmSync(scene.home.configDir, { recursive: true, force: true });
    const { running, code, give } = await startSignIn(scene);
    give(code());
    expect((await running.finished).code).toBe(0);
    expectLivingPair(scene);
  });

  claudeTest("2.1.329", "settles a login that has ended and a refresh in doubt", async (build) => {
    const scene = await openScene({ build });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    expect((await scene.run(["refresh"])).code).toBe(77);
    const { running, code, give } = await startSignIn(scene);
    give(code());
    expect((await running.finished).code).toBe(0);
    expectLivingPair(scene);
    expect((await scene.run(["refresh"])).stdout).toContain("nothing due");
  });

  claudeTest(
    "2.1.329",
    "passes on no code that cannot be one, and none that the server refuses changes anything",
    async (build) => {
      const scene = await signedIn(build);
      const before = scene.text();
      const posts = () => scene.sandbox.tokenPosts().length;
      const half = await startSignIn(scene);
      half.give(half.code().split("#")[0] ?? "");
      const first = await half.running.finished;
      expect([first.code, codeOf(first.stderr)]).toEqual([77, "code_rejected"]);
      expect(posts()).toBe(0);
      const wrong = await startSignIn(scene);
      wrong.give(`TEST-wrong#${wrong.code().split("#")[1]}`);
      const second = await wrong.running.finished;
      expect([second.code, codeOf(second.stderr)]).toEqual([77, "code_rejected"]);
      expect(second.stderr).toContain("wasn't accepted");
      expect(posts()).toBe(1);
      expect(scene.text()).toBe(before);
    },
  );

  claudeTest(
    "2.1.329",
    "has a clear end when nobody pastes a code, and when it is interrupted",
    async (build) => {
      const scene = await signedIn(build);
      const before = scene.text();
      const late = await startSignIn(scene, { args: ["--timeout", "1s"] });
      const first = await late.running.finished;
      expect([first.code, codeOf(first.stderr)]).toEqual([77, "sign_in_failed"]);
      const stopped = await startSignIn(scene);
      stopped.running.signalGroup("SIGINT");
      const second = await stopped.running.finished;
      expect([second.code, codeOf(second.stderr)]).toEqual([77, "sign_in_failed"]);
      const closed = await scene.run(["login", "--json", "--code-from", "-"]);
      expect([closed.code, codeOf(closed.stderr)]).toEqual([77, "sign_in_failed"]);
      expect(scene.text()).toBe(before);
    },
  );

  claudeTest("2.1.329", "refuses another account, unless it is meant", async (build) => {
    const scene = await signedIn(build);
    const before = scene.text();
    const codeOfColleague = ({ link }: { readonly link: string }) =>
      scene.sandbox.issueCode(link, "colleague");
    const other = await startSignIn(scene);
    other.give(codeOfColleague(other));
    const first = await other.running.finished;
    expect([first.code, codeOf(first.stderr)]).toEqual([78, "another_account"]);
    expect(scene.text()).toBe(before);
    const meant = await startSignIn(scene, { args: ["--switch-account"] });
    meant.give(codeOfColleague(meant));
    expect((await meant.running.finished).code).toBe(0);
    expectLivingPair(scene);
    // Its next sign-in is one of the same account, and that of the account before is not.
    const back = await startSignIn(scene);
    back.give(back.code());
    expect((await back.running.finished).code).toBe(78);
    const again = await startSignIn(scene);
    again.give(codeOfColleague(again));
    expect((await again.running.finished).code).toBe(0);
  });

  for (const where of ["the credential", ".claude.json"]) {
    claudeTest("2.1.329", `knows the account by ${where} alone`, async (build) => {
      const scene = await signedIn(build);
      const { claudeAiOauth: login, ...beside } = scene.document();
      const { accountUuid, organizationUuid, ...unnamed } = login;
      if (where === ".claude.json") {
        scene.write({ ...beside, claudeAiOauth: unnamed });
        const noted = { oauthAccount: { accountUuid, organizationUuid } };
        writeFileSync(join(scene.home.configDir, where), JSON.stringify(noted));
      }
      const other = await startSignIn(scene);
      other.give(scene.sandbox.issueCode(other.link, "colleague"));
      expect((await other.running.finished).code).toBe(78);
      const same = await startSignIn(scene);
      same.give(same.code());
      expect((await same.running.finished).code).toBe(0);
    });
  }

  claudeTest("2.1.329", "of two people at once lets one in at a time", async (build) => {
    const scene = await signedIn(build);
    const first = await startSignIn(scene);
    const second = await scene.run(["login", "--json"]);
    expect([second.code, codeOf(second.stderr)]).toEqual([75, "lock_busy"]);
    first.give(first.code());
    expect((await first.running.finished).code).toBe(0);
    expectLivingPair(scene);
  });

  claudeTest(
    "2.1.329",
    "killed after the code was accepted is finished by the next one, without a browser",
    async (build) => {
      const scene = await signedIn(build);
      const { running, code, give } = await startSignIn(scene);
      const staged = join(scene.state, "staging", "default.sign-in", ".credentials.json");
      give(code());
      await until("the login in the stage", () => existsSync(staged));
      running.signal("SIGKILL");
      await running.finished;
      const next = await scene.run(["login", "--json"]);
      expect([next.code, next.stderr]).toEqual([0, ""]);
      expect(JSON.parse(next.stdout)).toMatchObject({ event: "signed_in", isResumed: true });
      expectLivingPair(scene);
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    },
  );

  claudeTest(
    "2.1.329",
    "takes a login over from a refresh token, and spends none that is not there",
    async (build) => {
      const scene = await openScene({ build });
      const { refreshToken, scopes } = scene.sandbox.signIn().claudeAiOauth;
      const none = await scene.run(["login", "--from-refresh-token"]);
      expect([none.code, none.stderr]).toEqual([
        64,
        expect.stringContaining("CLAUDE_CODE_OAUTH_REFRESH_TOKEN"),
      ]);
      const env = {
        CLAUDE_CODE_OAUTH_REFRESH_TOKEN: refreshToken,
        CLAUDE_CODE_OAUTH_SCOPES: scopes.join(" "),
      };
      const taken = await scene.run(["login", "--from-refresh-token", "--json"], env);
      expect([taken.code, taken.stderr]).toEqual([0, ""]);
      expectLivingPair(scene);
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
      const before = scene.text();
      const spent = await scene.run(["login", "--from-refresh-token", "--json"], env);
      expect([spent.code, codeOf(spent.stderr)]).toEqual([77, "sign_in_failed"]);
      expect(scene.text()).toBe(before);
    },
  );

  claudeTest(
    "2.1.104",
    "says that this build takes no code on a pipe, and what to do",
    async (build) => {
      const scene = await signedIn(build);
      const { code, stderr } = await scene.run(["login", "--json"]);
      expect([code, codeOf(stderr)]).toEqual([78, "unsupported"]);
      expect(stderr).toContain("refresh.claude");
    },
  );
});
