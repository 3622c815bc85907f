import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { claudeTest } from "../../support/claude-test.ts";
import { openScene, type Scene } from "../support/scene.ts";
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
const GREETING = "Hello from the sandbox.\n";
const PROVE = ["--prove"];

async function proofOf(scene: Scene) {
  const { stdout } = await scene.run(["status", "--json"]);
  return JSON.parse(stdout).logins[0].proof;
}

function projectionsOf({ state }: Scene): string[] {
  const folder = join(state, "projections");
  return existsSync(folder) ? readdirSync(folder) : [];
}

describe("a job that is to be proved first", () => {
  it("says hello before it starts, and status knows of the proof", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    const text = scene.text();
    const ended = await scene.job(PROVE, HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(asked(scene).map(({ status }) => status)).toEqual([200, 200]);
    expect(await proofOf(scene)).toMatchObject({ state: "proved", by: "hello" });
    expect([scene.text(), projectionsOf(scene), scene.sandbox.tokenPosts()]).toEqual([
      text,
      [],
      [],
    ]);
    const rows = (await historyOf(scene)).map(({ kind, code }) => [kind, code]);
    expect(rows).toContainEqual(["verdict", "proved"]);
  });

  it("is renewed and proved once more when hello is refused", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job(PROVE, HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(asked(scene).map(({ status }) => status)).toEqual([401, 200, 200]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    const rows = (await historyOf(scene)).map(({ kind, code }) => `${kind} ${code}`);
    expect(rows.toReversed()).toEqual([
      "verdict auth_rejected",
      "refresh refreshed",
      "verdict proved",
      "run ok",
    ]);
  });

  it("is not started when its login is dead", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    scene.sandbox.endLogin();
    const ended = await scene.job(PROVE, HELLO);
    expect([ended.code, ended.stdout]).toEqual([77, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: auth_rejected: [^\n]*hello was refused[^\n]*\n$/);
    expect(asked(scene)).toHaveLength(1);
  });

  it("is not started at a usage limit, whose reset is told", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name: "messages-429-usage-limit", shouldRetry: false });
    const ended = await scene.job(PROVE, HELLO);
    expect([ended.code, ended.stdout]).toEqual([75, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: usage_limit: [^\n]*\(resets at 20[^\n]*\n$/);
  });

  it("proves the key that stands in the environment, and not the login behind it", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name: "messages-401-api-key", times: 2, shouldRetry: false });
    const env = { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-refused" };
    const ended = await scene.job(["--prove", "--auth", "api-key"], HELLO, { env });
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([
      78,
      "",
      expect.stringMatching(/hello was refused/),
    ]);
    expect(await proofOf(scene)).toMatchObject({ state: "unproved" });
  });

  /** Proves and runs a job whose helper is named from the job's own directory, where nothing may be written. */
  async function proveWithHelper(scene: JobScene, command: readonly string[]): Promise<void> {
    const folder = join(scene.home.home, "it's the job's");
    mkdirSync(folder);
    putProgram(join(folder, "key.sh"), "echo sk-ant-api03-TEST-helped # no login");
    chmodSync(folder, 0o555);
    const settings = JSON.stringify({ apiKeyHelper: "./key.sh" });
    writeFileSync(join(scene.home.configDir, "settings.json"), settings);
    const argv = runOf([...PROVE, "--auth", "api-key"], [...command, "-p", "say hello"]);
    const ended = await scene.plain(["sh", "-c", 'cd "$0" && exec "$@"', folder, ...argv]);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(asked(scene).map(({ status }) => status)).toEqual([200, 200]);
    expect(readdirSync(folder)).toEqual(["key.sh"]);
  }

  it("has its apiKeyHelper run where the job runs", async () => {
    await proveWithHelper(await openJobScene("2.1.329"), ["claude"]);
  });

  for (const version of ["2.1.104", "2.1.329"] as const) {
    claudeTest(version, "has its apiKeyHelper run where the job runs", async (build) => {
      await proveWithHelper(withJobs(await openScene({ build }), "exit 1"), build.command);
    });

    claudeTest(version, "says hello with a copy that cannot rotate", async (build) => {
      const scene = withJobs(await openScene({ build }), "exit 1");
      scene.write(scene.sandbox.signIn());
      const ended = await scene.job(PROVE, [...build.command, "-p", "say hello"]);
      expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
      expect(await proofOf(scene)).toMatchObject({ state: "proved", by: "hello" });
      expect(scene.sandbox.tokenPosts()).toEqual([]);
    });
  }
});

describe("a job with a monitor", () => {
  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  async function monitor() {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(new URL(request.url ?? "", "http://x").pathname);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    return { heard, ping: ["--ping", `http://127.0.0.1:${port}/ping/1`] };
  }
  /** The sandbox's proxy lets nothing through but Anthropic's hosts. */
  const env = { NO_PROXY: "127.0.0.1" };

  it("tells it of start and success", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    const { heard, ping } = await monitor();
    const ended = await scene.job(ping, HELLO, { env });
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(heard).toEqual(["/ping/1/start", "/ping/1"]);
  });

  it("tells it of a failure, also where the job was not let start", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    const { heard, ping } = await monitor();
    const ended = await scene.job(ping, HELLO, { env });
    expect(ended.code).toBe(77);
    expect(heard).toEqual(["/ping/1/start", "/ping/1/77"]);
    const rows = (await historyOf(scene)).map(({ kind, code }) => `${kind} ${code}`);
    expect(rows).toEqual(["run login_ended", "refresh login_ended"]);
  });

  it("is none the worse for a monitor that is not there", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    const { ping } = await monitor();
    closing.splice(0).forEach((close) => close());
    const ended = await scene.job(ping, HELLO, { env });
    expect([ended.code, ended.stdout]).toEqual([0, GREETING]);
    expect(ended.stderr).toMatch(/^pilotlight: warning: the monitor was not told: [^\n]*\n$/);
  });
});
