import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { until } from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { asked, historyOf, type JobScene, openJobScene, runOf, withJobs } from "./a-job.ts";

const HELLO = ["claude", "-p", "say hello"];
const GREETING = "Hello from the sandbox.\n";
const ALWAYS = ["--isolate", "always"];
const STREAM = "-p --input-format stream-json --output-format stream-json --verbose".split(" ");

/** Projections that are left. */
function projectionsOf({ state }: Scene): string[] {
  const folder = join(state, "projections");
  return existsSync(folder) ? readdirSync(folder) : [];
}

describe("an isolated job", () => {
  it("works, holds no refresh token, and leaves no projection behind", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    const text = scene.text();
    const spy = withSpy(scene);
    const ended = await scene.job(ALWAYS, HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    const seen = readFileSync(spy, "utf8");
    const { accessToken, refreshToken } = scene.document().claudeAiOauth;
    expect(seen).toContain(accessToken);
    expect(seen).not.toContain(refreshToken);
    expect(seen).not.toMatch(/refreshToken"/);
    expect(scene.text()).toBe(text);
    expect(projectionsOf(scene)).toEqual([]);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  it("survives an early revocation by a rewritten projection", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job(ALWAYS, HELLO);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    expect(projectionsOf(scene)).toEqual([]);
  });

  it("is refused with 78 on a build that reads its credential in one place only", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    const ended = await scene.job(ALWAYS, HELLO);
    expect([ended.code, ended.stdout]).toEqual([78, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: cannot_isolate: /);
    expect(asked(scene)).toEqual([]);
  });

  it("is refused with 78 beside MCP logins that it could renew", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write({ ...scene.sandbox.signIn(), mcpOAuth: { server: {} } });
    const ended = await scene.job(ALWAYS, HELLO);
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain("mcpOAuth");
    expect(projectionsOf(scene)).toEqual([]);
  });

  claudeTest(
    "2.1.329",
    "survives an early revocation and never refreshes itself",
    async (build) => {
      const scene = withJobs(await openScene({ build }), "exit 1");
      scene.write(scene.sandbox.signIn());
      scene.sandbox.revokeAccess();
      const ended = await scene.job(ALWAYS, [...build.command, "-p", "say hello"]);
      expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      expect(projectionsOf(scene)).toEqual([]);
    },
  );
});

describe("a job that outlives its token", () => {
  it("is handed one token after another when isolated, and never refreshes itself", async () => {
    const scene = await openJobScene("2.1.329", { accessTokenLife: 6 });
    scene.write(scene.sandbox.signIn());
    const answers = await converse(scene, ALWAYS, 5, () => pause(3_500));
    expect(answers).toHaveLength(5);
    const lives = new Set(asked(scene).map(({ fingerprints }) => fingerprints.bearer));
    expect(lives.size).toBeGreaterThanOrEqual(3);
    expect(scene.sandbox.grants()).toMatchObject({ reuses: 0 });
    expect(scene.sandbox.tokenPosts()).toHaveLength(scene.sandbox.grants().refreshes);
    expect(new Set(scene.sandbox.tokenPosts().map(({ userAgent }) => userAgent)).size).toBe(1);
  }, 60_000);

  it("finds a renewed token in the live store after each sign-in that is nearly over", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    const swap = async (turn: number) => {
      const document = scene.sandbox.signIn({ accessTokenLife: 540 });
      replace(scene, document);
      const { accessToken } = document.claudeAiOauth;
      const isRenewed = () => scene.document().claudeAiOauth.accessToken !== accessToken;
      await until("a refresh by run", isRenewed);
      expect(scene.sandbox.grants().refreshes).toBe(turn);
    };
    const answers = await converse(scene, [], 3, swap);
    expect(answers).toHaveLength(3);
    expect(scene.sandbox.tokenPosts()).toHaveLength(2);
    expect(asked(scene).every(({ status }) => status === 200)).toBe(true);
    expect(new Set(asked(scene).map(({ fingerprints }) => fingerprints.bearer)).size).toBe(3);
  }, 60_000);
});

const mounts = needs("linux", "root", "unshare");

mounts.describe("a store that is mounted read-only under another name", () => {
  it("serves a job while its token lives, spends nothing and says when it ends", async () => {
    const scene = await openJobScene("2.1.329");
    const { file, job } = mounted(scene, scene.sandbox.signIn({ accessTokenLife: 3600 }));
    const text = readFileSync(file, "utf8");
    const ended = await job(HELLO);
    expect(ended).toMatchObject({ code: 0, stdout: GREETING });
    expect(ended.stderr).toMatch(
      /^pilotlight: warning: store_read_only: [^\n]*read-only[^\n]* ends in (1 h 0|59) min[^\n]*\n$/,
    );
    expect(scene.sandbox.tokenPosts()).toEqual([]);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(asked(scene)[0]?.fingerprints.bearer).toBe(
      fingerprintOf(JSON.parse(text).claudeAiOauth.accessToken),
    );
  });

  it("ends a job with 73 before its start once the token has ended", async () => {
    const scene = await openJobScene("2.1.329");
    const { job } = mounted(scene, scene.sandbox.signIn({ accessTokenLife: 0 }));
    const ended = await job(HELLO);
    expect([ended.code, ended.stdout]).toEqual([73, ""]);
    expect(ended.stderr).toMatch(/^pilotlight: store_read_only: /);
    expect(scene.sandbox.requests()).toEqual([]);
  });

  it("is no place for a build that cannot be isolated: 73", async () => {
    const scene = await openJobScene("2.1.104");
    const { job } = mounted(scene, scene.sandbox.signIn());
    const ended = await job(HELLO);
    expect([ended.code, ended.stdout]).toEqual([73, ""]);
    expect(ended.stderr).toContain("this Claude Code reads its credential in one place only");
    expect(scene.sandbox.requests()).toEqual([]);
  });

  it("never lets a job refresh although its token is rejected", async () => {
    const scene = await openJobScene("2.1.329");
    const { job } = mounted(scene, scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await job(HELLO);
    expect(ended).toMatchObject({ code: 73 });
    expect(ended.stderr).toMatch(/pilotlight: store_read_only: [^\n]*request_id req_/);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });
});

mounts.describe("a state directory that is mounted read-only", () => {
  it("leaves a projection its place among the temporary files", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    const TMPDIR = join(scene.home.home, "tmp");
    mkdirSync(TMPDIR);
    mkdirSync(scene.state, { recursive: true });
    const spy = withSpy(scene);
    const mount = `mount --bind -o ro '${scene.state}' '${scene.state}' && exec "$@"`;
    const argv = ["unshare", "-m", "sh", "-c", mount, "sh", ...runOf(ALWAYS, HELLO)];
    const ended = await scene.plain(argv, { env: { TMPDIR } });
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, GREETING, ""]);
    expect(readFileSync(spy, "utf8")).not.toMatch(/refreshToken"/);
    expect(readdirSync(TMPDIR)).toEqual([]);
    expect(readdirSync(scene.state)).toEqual([]);
  });
});

/** Has the scene's `claude` copy what it finds in its place before it runs. @returns the copy */
function withSpy(scene: JobScene): string {
  const copy = join(scene.home.home, "seen.json");
  const program = join(scene.home.home, "bin", "claude");
  const place = '"${CLAUDE_SECURESTORAGE_CONFIG_DIR:-$CLAUDE_CONFIG_DIR}/.credentials.json"';
  const script = readFileSync(program, "utf8").replace("\n", `\ncat ${place} > ${copy}\n`);
  writeFileSync(program, script);
  return copy;
}

/** Asks a job one thing after another; `between` is awaited after each turn but the last. @returns the results */
async function converse(
  scene: JobScene,
  flags: readonly string[],
  turns: number,
  between: (turn: number) => Promise<void>,
): Promise<readonly unknown[]> {
  const job = scene.begin(runOf(flags, ["claude", ...STREAM]));
  const results = () => job.stdout().match(/^\{"type":"result".*"is_error":false/gm) ?? [];
  for (let turn = 1; turn <= turns; turn += 1) {
    const message = { role: "user", content: [{ type: "text", text: `turn ${turn}` }] };
    job.write(`${JSON.stringify({ type: "user", message })}\n`);
    await until(`the answer of turn ${turn}`, () => results().length >= turn);
    if (turn < turns) await between(turn);
  }
  job.close();
  const ended = await job.ended;
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  const [run] = await historyOf(scene);
  expect(run).toMatchObject({ kind: "run", code: "ok", exit: 0 });
  return results();
}

/** As a sign-in does: a new file in the place of the old. */
function replace({ file }: Scene, document: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(document), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Mounts one file under another name, read-only, for the jobs alone, as a compose file does. */
function mounted(scene: JobScene, document: object) {
  const file = join(scene.home.home, "host", "login.json");
  const target = join(scene.home.home, "secrets", "claude.json");
  for (const path of [file, target]) {
    mkdirSync(dirname(path), { mode: 0o700 });
    writeFileSync(path, JSON.stringify(document), { mode: 0o600 });
  }
  const mount = `mount --bind -o ro ${file} ${target} && exec "$@"`;
  const job = (command: readonly string[]) =>
    scene.plain(["unshare", "-m", "sh", "-c", mount, "sh", ...runOf([], command)], {
      env: { CLAUDE_CREDENTIALS_PATH: target },
    });
  return { file, job };
}
