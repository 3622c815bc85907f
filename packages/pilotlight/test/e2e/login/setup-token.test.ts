import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { httpReceiver } from "../../notify/http-receiver.ts";
import { startKeeper } from "../keep/a-keeper.ts";
import { until } from "../support/expectations.ts";
import { processesUnder } from "../support/processes.ts";
import { openScene, type Scene, type SceneOptions } from "../support/scene.ts";
import { noteMint, YEAR } from "./a-mint.ts";
import { type SignInProcess, startSignIn } from "./a-sign-in.ts";

const VARIABLE = "CLAUDE_CODE_OAUTH_TOKEN";
const OLD = `sk-ant-oat01-TEST${"old-".repeat(23)}`.slice(0, 108);
const BESIDE = "# of the bot\nexport BOT_NAME='bot'\n";
const DAY = 86_400_000;

/** A scene with a login `ci` in an env file, which others may read and which holds more than the token. */
interface CiScene extends Scene {
  readonly envFile: string;
  readonly text: () => string;
}

async function ciScene(options: SceneOptions = {}, more = ""): Promise<CiScene> {
  const scene = await openScene(options);
  const envFile = join(scene.home.home, "bot.env");
  const config = join(scene.home.home, ".config", "pilotlight", "config.toml");
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, `[logins.ci]\nenv_file = "${envFile}"\n${more}`, { mode: 0o600 });
  writeFileSync(envFile, `${BESIDE}${VARIABLE}=${OLD}\n`, { mode: 0o600 });
  return { ...scene, envFile, text: () => readFileSync(envFile, "utf8") };
}

/** As if the present token had been minted here. */
function notePresent({ state, text }: CiScene, endsAt: number): void {
  expect(text()).toContain(OLD);
  noteMint(state, OLD, endsAt);
}

const codeOf = (stderr: string) => /pilotlight: (\w+):/.exec(stderr)?.[1];
const tokenIn = ({ text }: CiScene) =>
  new RegExp(`^${VARIABLE}=(.*)$`, "m").exec(text())?.[1] ?? "";
const fingerprintIn = (scene: CiScene) => fingerprintOf(tokenIn(scene));

/** The one living access token that the server has issued. */
function issued({ sandbox }: Scene) {
  const living = sandbox.logins().filter(({ access }) => access === "live");
  expect(living).toHaveLength(1);
  return living[0]?.accessToken;
}

/** No file but the one it was put into holds the token, and the stage is empty. */
function expectNowhereElse(scene: Scene, token: string, place: string): void {
  expect(token).toContain("TEST");
  const files = readdirSync(scene.home.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  expect(files.filter((path) => readFileSync(path).includes(token))).toEqual([place]);
}

async function status(scene: Scene, env: Record<string, string> = {}) {
  const { stdout } = await scene.run(["status", "--json"], env);
  const { logins } = JSON.parse(stdout) as {
    logins: { loginEndsAt: string | null; accessToken: { fingerprint: string } | null }[];
  };
  return logins[0];
}

const terminal = needs("script", "linux");

terminal.describe("login --setup-token", () => {
  for (const version of ["2.1.329", "2.1.216", "2.1.104"] as const) {
    claudeTest(
      version,
      "puts a proved token into the env file of its login, and shows it to nobody",
      async (build) => {
        const scene = await ciScene({ build });
        chmodSync(scene.envFile, 0o644);
        const began = Date.now();
        const { running, code, give } = await startSignIn(scene, { args: ["--setup-token"] });
        // While the person reads, the present token is untouched.
        expect(tokenIn(scene)).toBe(OLD);
        give(`${code()}\n`);
        const { code: exit, stdout, stderr } = await running.finished;
        expect([exit, stderr]).toEqual([0, ""]);
        const token = tokenIn(scene);
        expect(fingerprintOf(token)).toBe(issued(scene));
        expect(scene.text()).toBe(`${BESIDE}${VARIABLE}=${token}\n`);
        expect(statSync(scene.envFile).mode & 0o777).toBe(0o600);
        expect(stdout).not.toContain("sk-ant-");
        expectNowhereElse(scene, token, scene.envFile);
        const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
          loginEndsAt: string;
        };
        expect(result).toMatchObject({
          event: "minted",
          schema: "pilotlight.login/v1",
          login: "ci",
          isResumed: false,
          toFingerprint: fingerprintOf(token),
          place: "env-file",
          closedMode: "0644",
        });
        const end = Date.parse(result.loginEndsAt);
        expect(end).toBeGreaterThanOrEqual(began + YEAR);
        expect(end).toBeLessThanOrEqual(Date.now() + YEAR);
        expect(await status(scene)).toMatchObject({
          name: "ci",
          source: VARIABLE,
          path: scene.envFile,
          phase: "static",
          usable: true,
          refreshable: false,
          accessToken: { kind: "setup-token", fingerprint: fingerprintOf(token) },
          loginEndsAt: result.loginEndsAt,
          proof: { state: "proved", by: "sign-in" },
        });
        // Only the user's own Claude Code has met the model, with that token.
        const asked = scene.sandbox.requests().filter(({ path }) => path === "/v1/messages");
        expect(asked.map(({ fingerprints }) => fingerprints.bearer)).toEqual([issued(scene)]);
        expect(processesUnder(join(scene.state, "staging"))).toEqual([]);
        const history = await scene.run(["history", "--json"]);
        expect(history.stdout).toContain("token_minted");
        expect(history.stdout).not.toContain("sk-ant-");
      },
    );
  }

  claudeTest("2.1.329", "tells a person where it went, and how to hand it on", async (build) => {
    const scene = await openScene({ build });
    const place = join(scene.home.home, "token");
    const file = join(scene.home.home, "code");
    const args = ["login", "--setup-token", "--to-systemd-credential", place, "--code-from", file];
    const running = scene.start(args);
    await until("the link", () => running.printed().includes("state="));
    const link = running.printed().trim();
    writeFileSync(file, scene.sandbox.issueCode(link));
    const { code, stdout, stderr } = await running.finished;
    expect(code).toBe(0);
    const token = readFileSync(place, "utf8");
    expect(fingerprintOf(token)).toBe(issued(scene));
    expect(statSync(place).mode & 0o777).toBe(0o600);
    expect(stdout).toContain("setup-token minted and proved; it ends on ");
    expect(stdout).toContain(`stored in ${place}`);
    for (const program of ["systemd-creds encrypt", "docker secret", "kubectl", "gh secret set"]) {
      expect(stderr).toContain(`$ ${program}`);
    }
    expect(stdout + stderr).not.toContain("sk-ant-");
    expectNowhereElse(scene, token, place);
    // What was minted here is known wherever it is met.
    const here = await status(scene, { [VARIABLE]: token });
    expect(here?.accessToken?.fingerprint).toBe(issued(scene));
    expect(here?.loginEndsAt).not.toBeNull();
  });

  claudeTest(
    "2.1.329",
    "changes nothing by a code that cannot be one, nor by one that the server refuses",
    async (build) => {
      const scene = await ciScene({ build });
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
      await nothingRuns(scene);
    },
  );

  claudeTest(
    "2.1.329",
    "has a clear end when nobody pastes a code, and when it is interrupted",
    async (build) => {
      const scene = await ciScene({ build });
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
      await nothingRuns(scene);
    },
  );

  claudeTest(
    "2.1.329",
    "is told by a daemon: the end that comes, and the token that takes its place",
    async (build) => {
      const server = await httpReceiver();
      const alerts = `[notify.hook]\ntype = "webhook"\nurl = "${server.url}"\nsecret = "TEST-key"\n`;
      const scene = await ciScene({ build }, alerts);
      notePresent(scene, Date.now() + 2 * DAY);
      const bearer = join(scene.home.home, "bearer");
      writeFileSync(bearer, "TEST-bearer", { mode: 0o600 });
      const keeper = await startKeeper(scene, { env: { PILOTLIGHT_TOKEN_FILE: bearer } });
      await until("the alert", () => server.received.length > 0);
      expect(JSON.parse(server.received[0]?.body ?? "")).toMatchObject({
        kind: "login_ends",
        login: "ci",
        command: "pilotlight login --login ci",
      });
      const headers = { authorization: "Bearer TEST-bearer" };
      const forced = await keeper.get("/api/v1/logins/ci/refresh", { method: "POST", headers });
      expect(await forced.json()).toMatchObject({ code: "unsupported" });
      const { code, give } = await startSignIn(scene);
      give(code());
      await keeper.healthy(({ health }) => health === "ok");
      await until("the good news", () => server.received.length > 1);
      expect(JSON.parse(server.received[1]?.body ?? "")).toMatchObject({ kind: "recovered" });
      const end = /^pilotlight_login_end_timestamp_seconds\{login="ci"\} (\S+)$/m;
      const [, seconds] = end.exec(await (await keeper.get("/metrics")).text()) ?? [];
      expect(Number(seconds) * 1000).toBeGreaterThan(Date.now() + YEAR - DAY);
      const said = keeper.running.said() + keeper.running.printed();
      expect(said).toContain("somebody signed in");
      expect(said + server.received.map(({ body }) => body).join()).not.toContain("sk-ant-");
      await keeper.end();
    },
  );

  claudeTest("2.1.329", "leaves nothing running that the next one does not end", async (build) => {
    const scene = await ciScene({ build });
    const first = await startSignIn(scene);
    first.running.signal("SIGKILL");
    await first.running.finished;
    const next = await startSignIn(scene);
    next.give(next.code());
    expect((await next.running.finished).code).toBe(0);
    expect(fingerprintIn(scene)).toBe(issued(scene));
    await nothingRuns(scene);
  });

  claudeTest("2.1.329", "does not store a token that the server refuses", async (build) => {
    const scene = await ciScene({ build });
    const before = scene.text();
    const { running, code, give } = await startSignIn(scene);
    scene.sandbox.fault({ name: "messages-401-invalid" });
    give(code());
    const { code: exit, stderr } = await running.finished;
    expect([exit, codeOf(stderr)]).toEqual([77, "sign_in_failed"]);
    expect(stderr).toContain("was not accepted");
    expect(scene.text()).toBe(before);
    expect(existsSync(join(scene.state, "minted"))).toBe(false);
    const files = readdirSync(join(scene.state, "staging"), { recursive: true });
    expect(files.filter((name) => String(name).includes(".credentials.json"))).toEqual([]);
  });
});

/** What was killed needs a moment to be gone. */
function nothingRuns({ state }: Scene): Promise<void> {
  return until("the end of every child", () => processesUnder(join(state, "staging")).length === 0);
}

const immutable = needs("chattr +i", "script", "linux");

immutable.describe("a setup-token that cannot be stored", () => {
  claudeTest(
    "2.1.329",
    "is kept, and is stored without a browser once there is room",
    async (build) => {
      const scene = await ciScene({ build });
      const before = scene.text();
      const { running, code, give }: SignInProcess = await startSignIn(scene);
      const release = () => void spawnSync("chattr", ["-i", scene.envFile]);
      onTestFinished(release);
      spawnSync("chattr", ["+i", scene.envFile]);
      give(code());
      const failed = await running.finished;
      expect([failed.code, failed.stderr]).toEqual([73, expect.stringContaining(scene.envFile)]);
      expect(scene.text()).toBe(before);
      release();
      const next = await scene.run(["login", "--json"]);
      expect([next.code, JSON.parse(next.stdout)]).toMatchObject([0, { isResumed: true }]);
      expect(fingerprintIn(scene)).toBe(issued(scene));
      expectNowhereElse(scene, tokenIn(scene), scene.envFile);
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    },
  );

  claudeTest("2.1.329", "sends nobody to a browser when that is known before", async (build) => {
    const scene = await ciScene({ build });
    onTestFinished(() => void spawnSync("chattr", ["-i", scene.envFile]));
    spawnSync("chattr", ["+i", scene.envFile]);
    const { code, stdout } = await scene.run(["login", "--json"]);
    expect([code, stdout]).toEqual([73, expect.not.stringContaining('"link"')]);
  });
});

describe("login --setup-token does not begin", () => {
  it.each([
    ["without a place", ["login", "--setup-token"], 64, "needs a place"],
    [
      "at two places",
      ["login", "--setup-token", "--to-env-file", "a", "--to-systemd-credential", "b"],
      64,
      "one place",
    ],
    [
      "with a place and no word of it",
      ["login", "--to-env-file", "a"],
      64,
      "go with --setup-token",
    ],
    [
      "for another account",
      ["login", "--setup-token", "--to-env-file", "a", "--switch-account"],
      64,
      "do not go",
    ],
    [
      "where its directory is missing",
      ["login", "--setup-token", "--to-env-file", "/nowhere/a"],
      73,
      "/nowhere",
    ],
  ])("%s", async (_name, args, exit, part) => {
    const scene = await openScene();
    const { code, stdout, stderr } = await scene.run(args);
    expect([code, stdout, stderr]).toEqual([exit, "", expect.stringContaining(part)]);
  });

  it("where a key in the same file would be used instead", async () => {
    const scene = await ciScene();
    writeFileSync(scene.envFile, `ANTHROPIC_API_KEY=sk-ant-api03-TEST-key\n`);
    const { code, stderr } = await scene.run(["login"]);
    expect([code, codeOf(stderr)]).toEqual([78, "credential_shadowed"]);
    expect(stderr).toContain("ANTHROPIC_API_KEY in the same file");
  });
});

describe("a login in an env file", () => {
  it("minted elsewhere is known by its fingerprint, and its end is not", async () => {
    const scene = await ciScene();
    expect(await status(scene)).toMatchObject({
      phase: "static",
      usable: true,
      accessToken: { kind: "setup-token", fingerprint: fingerprintOf(OLD), expiresAt: null },
      loginEndsAt: null,
      action: null,
    });
    const { code, stdout } = await scene.run(["check"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("end unknown")]);
    expect((await scene.run(["status"])).stdout).toContain("end unknown");
  });

  it("that is about to end is announced by check, status, health and metrics", async () => {
    const scene = await ciScene();
    const endsAt = Date.now() + 2 * DAY;
    notePresent(scene, endsAt);
    const command = "pilotlight login --login ci";
    expect(await status(scene)).toMatchObject({ action: { code: "login_ends_soon", command } });
    const { code, stdout } = await scene.run(["check"]);
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining(`login_ends_soon: this login ends in`),
    ]);
    expect(stdout).toContain(command);
    const keeper = await startKeeper(scene);
    const health = await keeper.healthy(({ health: word }) => word === "degraded");
    expect(JSON.stringify(health)).toContain("login_ends_soon");
    const metrics = await (await fetch(`${keeper.url}/metrics`)).text();
    expect(metrics).toContain(
      `pilotlight_login_end_timestamp_seconds{login="ci"} ${endsAt / 1000}`,
    );
    expect(metrics).toContain(`pilotlight_login_phase{login="ci",phase="static"} 1`);
    expect(scene.sandbox.requests()).toEqual([]);
    await keeper.end();
  });

  it("is never refreshed, and a refresh of all logins passes it by", async () => {
    const scene = await ciScene();
    const before = scene.text();
    expect((await scene.run(["refresh"])).code).toBe(0);
    const forced = await scene.run(["refresh", "--force"]);
    expect([forced.code, codeOf(forced.stderr)]).toEqual([78, "unsupported"]);
    expect((await scene.run(["keep", "--once"])).code).toBe(0);
    expect((await scene.run(["logout", "--yes"])).code).toBe(64);
    expect(scene.text()).toBe(before);
    expect(scene.sandbox.requests()).toEqual([]);
  });

  it.each<[string, string | null, number, string]>([
    ["whose file is missing", null, 66, "no_credential"],
    ["whose file holds no token", `${BESIDE}${VARIABLE}=\n`, 66, "no_credential"],
    ["whose file cannot be understood", "nonsense\n", 65, "env_file_corrupt"],
  ])("%s has one code for every command", async (_name, text, exit, code) => {
    const scene = await ciScene();
    if (text === null) spawnSync("rm", [scene.envFile]);
    else writeFileSync(scene.envFile, text);
    expect((await scene.run(["status", "--json"])).code).toBe(exit);
    expect(await status(scene)).toMatchObject({ usable: false, action: { code } });
    const checked = await scene.run(["check"]);
    expect([checked.code, checked.stdout]).toEqual([2, expect.stringContaining(code)]);
    expect((await scene.run(["refresh"])).code).toBe(exit);
    expect((await scene.run(["run", "--", "true"])).code).toBe(exit);
    expect((await scene.run(["keep", "--once"])).code).toBe(exit);
  });

  it("with an API key is one, which has no end", async () => {
    const scene = await ciScene();
    writeFileSync(scene.envFile, `ANTHROPIC_API_KEY="sk-ant-api03-TEST-key"\n`);
    expect(await status(scene)).toMatchObject({
      source: "ANTHROPIC_API_KEY",
      phase: "static",
      accessToken: { kind: "api-key" },
      loginEndsAt: null,
    });
    expect((await scene.run(["check"])).code).toBe(0);
  });

  it("is what a job gets, with the other variables of the file", async () => {
    const scene = await ciScene();
    scene.write(scene.sandbox.signIn());
    const words = `printf '%s %s' "$${VARIABLE}" "$BOT_NAME"`;
    for (const auth of ["auto", "subscription"]) {
      const { code, stdout, stderr } = await scene.run([
        "run",
        "--auth",
        auth,
        "--",
        "sh",
        "-c",
        words,
      ]);
      expect([code, stdout, stderr]).toEqual([0, `${OLD} bot`, ""]);
    }
  });

  it("is said to be shadowed where a key would be used instead", async () => {
    const scene = await ciScene();
    const { code, stdout } = await scene.run(["check"], {
      ANTHROPIC_API_KEY: "sk-ant-api03-TEST-k",
    });
    expect([code, stdout]).toEqual([1, expect.stringContaining("credential_shadowed")]);
  });
});
