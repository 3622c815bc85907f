import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type ClaudeOptions, createClaude } from "../../src/orchestrator.ts";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import { type JobScene, openJobScene, putProgram } from "../e2e/run/a-job.ts";

const LIMIT = 60_000;

async function sceneOf(script?: string): Promise<JobScene> {
  const scene = await openJobScene("2.1.329");
  scene.write(scene.sandbox.signIn());
  if (script !== undefined) putProgram(join(scene.home.home, "bin", "claude"), script);
  return scene;
}

function claudeOf({ env, path, home }: JobScene, options: ClaudeOptions = {}) {
  return createClaude({ env: { ...env, PATH: path }, cwd: home.home, ...options });
}

/** A `claude` that prints these events, and ends so. */
function printing(events: readonly object[], exit = 0): string {
  return `cat > /dev/null\ncat <<'END'\n${events.map((event) => JSON.stringify(event)).join("\n")}\nEND\nexit ${exit}`;
}

const INIT = { type: "system", subtype: "init", session_id: "s", apiKeySource: "none" };
const RESULT = {
  type: "result",
  subtype: "success",
  is_error: false,
  result: "yes",
  num_turns: 1,
  session_id: "s",
  total_cost_usd: 0.5,
  usage: { input_tokens: 3, output_tokens: 4 },
};

describe("asking Claude Code", () => {
  it(
    "goes by the login under pilotlight run, renewed where that is due",
    async () => {
      const scene = await sceneOf();
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      const answer = await claudeOf(scene).ask({ prompt: "say hello" });
      expect(answer).toMatchObject({
        text: "Hello from the sandbox.",
        backend: "cli",
        auth: "subscription",
        credential: "oauth",
        source: "claude-file",
        sessionId: expect.stringMatching(/^[\da-f-]{36}$/),
        attempts: 1,
      });
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    },
    LIMIT,
  );

  it(
    "shows the prompt to no list of processes, and the tools to Claude Code alone",
    async () => {
      const events = [INIT, RESULT].map((event) => JSON.stringify(event)).join("\n");
      const scene = await sceneOf(
        `cat > prompt\nprintf '%s\\n' "$@" > words\ncat <<'END'\n${events}\nEND`,
      );
      const answer = await claudeOf(scene, { model: "opus" }).ask({
        prompt: "a secret\nprompt",
        system: "be short",
        session: "s",
        tools: ["Read", "Bash(git:*)"],
      });
      expect(answer).toMatchObject({ text: "yes", costUsd: 0.5, sessionId: "s" });
      expect(answer.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
      expect(readFileSync(join(scene.home.home, "prompt"), "utf8")).toBe("a secret\nprompt");
      const words = readFileSync(join(scene.home.home, "words"), "utf8").trim().split("\n");
      expect(words.join(" ")).toBe(
        "-p --verbose --output-format stream-json --model opus --system-prompt be short --resume=s --tools Read,Bash --allowedTools Read,Bash(git:*)",
      );
    },
    LIMIT,
  );

  it.each<[string, object, string]>([
    ["is_error", { is_error: true, result: "You've hit your limit" }, "usage_limit"],
    [
      "api_error_status",
      { api_error_status: 529, result: "API Error: 529 Overloaded" },
      "overloaded",
    ],
    ["something else", { is_error: true, result: "Prompt is too long" }, "claude_failed"],
  ])(
    "believes %s, and never the subtype",
    async (_what, more, code) => {
      const scene = await sceneOf(printing([INIT, { ...RESULT, ...more }], 1));
      const claude = claudeOf(scene, { retry: { attempts: 1 } });
      await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({ code, backend: "cli" });
    },
    LIMIT,
  );

  it(
    "says whose move it is when the login is dead, and does not start the job",
    async () => {
      const scene = await sceneOf();
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      scene.sandbox.endLogin();
      const claude = claudeOf(scene);
      await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({
        code: "login_ended",
        message: expect.not.stringMatching(/\$ claude|More: |Sign in/),
        fix: expect.stringContaining("sign in"),
        command: expect.stringContaining("pilotlight login"),
        isRetryable: false,
      });
      expect(claude.health()).toMatchObject({ isWell: false });
    },
    LIMIT,
  );

  it(
    "gets the good key of the environment, where the option is blank",
    async () => {
      const scene = await sceneOf();
      const key = "sk-ant-api03-TEST-key";
      const env = { ...scene.env, PATH: scene.path, ANTHROPIC_API_KEY: key };
      const claude = claudeOf(scene, { backend: "cli", auth: "api-key", apiKey: " ", env });
      expect((await claude.ask({ prompt: "?" })).source).toBe("ANTHROPIC_API_KEY");
      const [asked] = scene.sandbox.requests().filter(({ path }) => path === "/v1/messages");
      expect(asked?.fingerprints.apiKey).toBe(fingerprintOf(key));
    },
    LIMIT,
  );

  it("says that there is no Claude Code", async () => {
    const scene = await sceneOf();
    const claude = claudeOf(scene, { claude: "no-such-claude" });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({
      message: expect.stringContaining("no-such-claude"),
    });
  });

  it(
    "ends the child when it is called off, and waits for that",
    async () => {
      const scene = await sceneOf(
        `touch started; trap 'sleep 0.3; touch ended; exit 143' TERM; while :; do sleep 0.05; done`,
      );
      const [started, ended] = ["started", "ended"].map((name) => join(scene.home.home, name));
      const leaving = new AbortController();
      const cause = new Error("enough");
      const asked = claudeOf(scene).ask({ prompt: "?", signal: leaving.signal });
      const rejected = expect(asked).rejects.toBe(cause);
      while (!existsSync(started ?? "")) await sleep(20);
      leaving.abort(cause);
      await rejected;
      expect(existsSync(ended ?? "")).toBe(true);
    },
    LIMIT,
  );

  it(
    "waits for a grant in flight when it is called off, and loses nothing of it",
    async () => {
      const scene = await sceneOf();
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      scene.sandbox.fault({ name: "token-slow", times: 1, delayMs: 1500 });
      const leaving = new AbortController();
      const asked = claudeOf(scene).ask({ prompt: "?", signal: leaving.signal });
      const rejected = expect(asked).rejects.toThrow("enough");
      while (scene.sandbox.tokenPosts().length === 0) await sleep(20);
      leaving.abort(new Error("enough"));
      await rejected;
      const login = scene.sandbox.logins().at(-1);
      const stored = JSON.parse(readFileSync(scene.file, "utf8")) as {
        readonly claudeAiOauth: { readonly accessToken: string; readonly refreshToken: string };
      };
      const { accessToken, refreshToken } = stored.claudeAiOauth;
      expect([accessToken, refreshToken].map(fingerprintOf)).toEqual([
        login?.accessToken,
        login?.refreshToken,
      ]);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      const messages = scene.sandbox.requests().filter(({ path }) => path === "/v1/messages");
      expect(messages).toEqual([]);
    },
    LIMIT,
  );

  it(
    "keeps no more of a long stream than its end",
    async () => {
      const line = JSON.stringify({
        type: "assistant",
        message: { model: "m", content: [{ type: "text", text: "x".repeat(8000) }] },
      });
      const result = JSON.stringify(RESULT);
      const scene = await sceneOf(
        `cat > /dev/null; i=0; while [ $i -lt 12000 ]; do echo '${line}'; i=$((i+1)); done; echo '${result}'`,
      );
      const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
      let texts = 0;
      const answer = await claudeOf(scene).ask({ prompt: "?", onEvent: () => (texts += 1) });
      expect([answer.text, texts]).toEqual(["yes", 12_000]);
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      // It printed about 96 MB.
      expect(arrayBuffers + heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    },
    LIMIT,
  );

  it(
    "takes a consumer's word for a rejected token",
    async () => {
      const scene = await sceneOf();
      const document = scene.sandbox.signIn();
      scene.write(document);
      const claude = claudeOf(scene);
      const token = document.claudeAiOauth.accessToken;
      expect(await claude.reject(fingerprintOf("sk-ant-oat01-TEST-other"))).toBe(false);
      expect(await claude.reject(fingerprintOf(token))).toBe(true);
      expect((await claude.ask({ prompt: "?" })).text).toBe("Hello from the sandbox.");
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    },
    LIMIT,
  );

  it(
    "stops a setup-token before work that needs more",
    async () => {
      const scene = await sceneOf();
      const claude = claudeOf(scene);
      const scopes = ["user:no_such_scope"];
      await expect(claude.ask({ prompt: "?", scopes })).rejects.toMatchObject({
        code: "scope_missing",
      });
      expect(scene.sandbox.requests()).toEqual([]);
    },
    LIMIT,
  );
});
