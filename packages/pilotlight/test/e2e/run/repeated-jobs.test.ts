import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { ReplyRequest } from "../../../src/sandbox/reply.ts";
import type { ReplyBlock, Sandbox } from "../../../src/sandbox/index.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { openScene } from "../support/scene.ts";
import { until } from "../support/expectations.ts";
import {
  asked,
  historyOf,
  type JobScene,
  openJobScene,
  putProgram,
  runOf,
  withJobs,
} from "./a-job.ts";

const HELLO = ["claude", "-p", "say hello"];
const JSON_HELLO = [...HELLO, "--output-format", "json"];
const ANSWER = '{"type":"result","is_error":false,"result":"answered"}';
const GREETING = "Hello from the sandbox.\n";
const LINE = /^pilotlight: auth_rejected: [^\n]*request_id req_[^\n]*\n$/;
const RENEWED = /^pilotlight: login_renewed: [^\n]*request_id req_[^\n]*\n$/;
const SESSION = "0b1e7c52-3a0d-4b8e-9d0a-6d3f0a4f7c11";

describe("a job whose token was revoked early", () => {
  it("is repeated once with a renewed login, and shows one clean result", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job([], HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(asked(scene).map(({ status }) => status)).toEqual([401, 200]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    const kinds = (await historyOf(scene)).map(({ kind, code }) => [kind, code]);
    expect(kinds).toContainEqual(["run", "ok"]);
  });

  it("is repeated by whatever name Claude Code is configured under", async () => {
    const scene = await openJobScene("2.1.104");
    const night = join(scene.home.home, "bin", "night");
    renameSync(join(scene.home.home, "bin", "claude"), night);
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const env = { PILOTLIGHT_CLAUDE: JSON.stringify([night]) };
    const ended = await scene.job([], [night, "-p", "say hello"], { env });
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(asked(scene).map(({ status }) => status)).toEqual([401, 200]);
  });

  it("is repeated without a trace in json", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job([], [...HELLO, "--output-format", "json"]);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ is_error: false, result: GREETING.trim() });
  });

  it("is repeated without a trace in stream-json", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job([], [...HELLO, "--output-format", "stream-json", "--verbose"]);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    const events = ended.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.filter(({ type }) => type === "result")).toHaveLength(1);
    expect(events.filter(({ subtype }) => subtype === "init")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: "result", is_error: false });
  });

  it("gets its stdin again", async () => {
    const said: string[] = [];
    const scene = await openJobScene("2.1.104", {
      reply: ({ messages }) => {
        said.push(JSON.stringify(messages));
        return "read";
      },
    });
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job([], HELLO, { stdin: "words from stdin" });
    expect([ended.code, ended.stdout]).toEqual([0, "read\n"]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("words from stdin");
  });

  it("is left alone with --retry never: its words are kept, and the next refresh is told to renew", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job(["--retry", "never"], HELLO);
    expect(ended.code).toBe(77);
    expect(ended.stdout).toMatch(/401/);
    expect(ended.stderr).toMatch(LINE);
    expect(ended.stderr).toMatch(/The next run renews it[^\n]*\(\$ pilotlight refresh\)/);
    expect(ended.stderr).not.toMatch(/sign in|auth login/);
    expect(asked(scene)).toHaveLength(1);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
    expect((await scene.run(["refresh"])).code).toBe(0);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    expect(await scene.job(["--retry", "never"], HELLO)).toMatchObject({ code: 0, stderr: "" });
  });

  it("is renewed by the next run with --retry never, too", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    await scene.job(["--retry", "never"], HELLO);
    const ended = await scene.job(["--retry", "never"], HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  });

  it("is told with --retry never what was renewed while it ran", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const stream = [...HELLO, "--output-format", "stream-json", "--verbose"];
    const ended = await scene.job(["--retry", "never"], stream);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(RENEWED);
    expect(asked(scene)).toHaveLength(1);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  });

  it("needs a person with --retry never where nothing can renew its token", async () => {
    const scene = await openJobScene("2.1.104");
    const { claudeAiOauth } = scene.sandbox.signIn();
    const { refreshToken: _, ...accessOnly } = claudeAiOauth;
    scene.write({ claudeAiOauth: accessOnly });
    scene.sandbox.revokeAccess();
    const ended = await scene.job(["--retry", "never"], HELLO);
    expect(ended.code).toBe(77);
    expect(ended.stderr).toMatch(/A person must sign in again/);
  });

  claudeTest("2.1.104", "is repeated once with a renewed login", async (build) => {
    const scene = withJobs(await openScene({ build }), "exit 1");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job([], [...build.command, "-p", "say hello"]);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  });
});

describe("a job that may have done something", () => {
  /** Has the model ask for a command once, and refuses the token right after. */
  function once(sandbox: () => Sandbox) {
    return ({ messages }: ReplyRequest): string | ReplyBlock[] => {
      if (JSON.stringify(messages).includes("tool_result")) return "done";
      sandbox().fault({ name: "messages-401-revoked", times: 1, shouldRetry: false });
      const input = { command: "echo ran >> ran.txt", description: "adds a line" };
      return [{ type: "tool_use", name: "Bash", input }];
    };
  }

  const FREE = ["--dangerously-skip-permissions"];

  it.each([["text"], ["json"], ["stream-json"]])(
    "is not repeated after a tool was used (%s)",
    async (format) => {
      let sandbox: Sandbox | undefined;
      const scene = await openJobScene("2.1.104", { reply: once(() => sandbox!) });
      ({ sandbox } = scene);
      scene.write(sandbox.signIn());
      const command = [...HELLO, ...FREE, "--output-format", format, "--verbose"];
      const ended = await scene.job([], command);
      expect(readFileSync(join(scene.home.home, "ran.txt"), "utf8")).toBe("ran\n");
      expect(ended.code).toBe(75);
      expect(ended.stderr).toMatch(RENEWED);
      expect(ended.stdout).toMatch(/revoked/);
      expect(asked(scene).map(({ status }) => status)).toEqual([200, 401]);
    },
  );

  it("has its request id in the history", async () => {
    let sandbox: Sandbox | undefined;
    const scene = await openJobScene("2.1.104", { reply: once(() => sandbox!) });
    ({ sandbox } = scene);
    scene.write(sandbox.signIn());
    const ended = await scene.job([], [...HELLO, ...FREE]);
    const id = /request_id (\w+)/.exec(ended.stderr)?.[1];
    const run = (await historyOf(scene)).find(({ kind }) => kind === "run");
    expect(run).toMatchObject({ code: "login_renewed", exit: 75, requestId: id });
  });

  it("is not repeated under a session id whose session was made", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job([], [...HELLO, "--session-id", SESSION]);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(RENEWED);
    expect(asked(scene)).toHaveLength(1);
  });

  it("is not repeated when its stdin is too big to keep", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const stdin = Buffer.alloc(10 * 1024 * 1024 + 1, "x");
    const ended = await scene.job([], HELLO, { stdin });
    expect(ended.code).toBe(75);
    // A server that answers before it has read so much may be asked again by the same start.
    expect(new Set(asked(scene).map(({ status }) => status))).toEqual(new Set([401]));
  });

  claudeTest("2.1.104", "is not repeated after a tool was used", async (build) => {
    let sandbox: Sandbox | undefined;
    const reply = once(() => sandbox!);
    const scene = withJobs(
      await openScene({ build, sandbox: { reply: (r) => (r.tools.length > 0 ? reply(r) : "ok") } }),
      "exit 1",
    );
    ({ sandbox } = scene);
    scene.write(sandbox.signIn());
    const allowed = ["--allowedTools", "Bash"];
    const ended = await scene.job([], [...build.command, "-p", "say hello", ...allowed]);
    expect(existsSync(join(scene.home.home, "ran.txt"))).toBe(true);
    expect(readFileSync(join(scene.home.home, "ran.txt"), "utf8")).toBe("ran\n");
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(RENEWED);
  });
});

describe("a job that a renewed login would not help", () => {
  it.each([
    ["usage_limit", "messages-429-usage-limit"],
    ["overloaded", "messages-529"],
  ] as const)("ends with 75 and %s, asks once and refreshes nothing", async (code, name) => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name, shouldRetry: false });
    const ended = await scene.job([], HELLO);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(new RegExp(`^pilotlight: ${code}: [^\\n]*\\n$`));
    expect(ended.stdout).not.toBe("");
    expect(asked(scene)).toHaveLength(1);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  /** Has the scene's `claude` meet a limit at its first start; it resets `seconds` from then. */
  function limitOnce({ home }: JobScene, seconds: number): void {
    const said = `Claude AI usage limit reached|'$(($(date +%s) + ${seconds}))'`;
    const zero = { is_error: true, num_turns: 1, total_cost_usd: 0, session_id: SESSION };
    const result = JSON.stringify({ type: "result", ...zero, result: said });
    const first = `test -e limited || { touch limited; echo '${result}'; exit 1; }`;
    putProgram(join(home.home, "bin", "claude"), `${first}\necho '${ANSWER}'`);
  }

  it("is repeated after the limit's reset when it may wait so long", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    limitOnce(scene, 3);
    const ended = await scene.job(["--wait-for-reset", "1m"], JSON_HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, `${ANSWER}\n`, ""]);
  });

  it("does not keep whoever ends it waiting for the reset", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    limitOnce(scene, 1800);
    const job = scene.begin(runOf(["--wait-for-reset", "1h"], JSON_HELLO), { stdin: "" });
    await until("the limit", () => existsSync(join(scene.home.home, "limited")));
    expect(await Promise.race([job.ended, pause(2_000, "waits")])).toBe("waits");
    job.kill("SIGTERM");
    const ended = await job.ended;
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/^pilotlight: usage_limit: /);
  });

  it("is not repeated before a reset that is further off than a timer can tell", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    limitOnce(scene, 28 * 86_400);
    const ended = await scene.job(["--wait-for-reset", "40d"], JSON_HELLO);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/^pilotlight: usage_limit: [^\n]*resets at 20[^\n]*\n$/);
  });

  claudeTest("2.1.329", "ends with 75 at a usage limit", async (build) => {
    const scene = withJobs(await openScene({ build }), "exit 1");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name: "messages-429-usage-limit", shouldRetry: false });
    const ended = await scene.job([], [...build.command, "-p", "say hello"]);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/^pilotlight: usage_limit: [^\n]*resets at 20[^\n]*\n$/);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  it("keeps the words of a job whose login is dead, and ends with 77", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    scene.sandbox.endLogin();
    const direct = await scene.plain(HELLO);
    const ended = await scene.job([], HELLO);
    expect(ended.code).toBe(77);
    const withoutIds = (text: string) => text.replaceAll(/req_\w+/g, "req");
    expect(withoutIds(ended.stdout)).toBe(withoutIds(direct.stdout));
    expect(ended.stderr).toMatch(/^pilotlight: [a-z_]+: [^\n]*\n$/);
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  });
});
