import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explainJob } from "../../src/cli/commands/explain.ts";
import { readConfig } from "../../src/cli/config.ts";
import { type Explanation, exitOfExplanation } from "../../src/core/explanation.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { putLogin } from "./a-login.ts";
import { runHere } from "./run-here.ts";

const KEY = "sk-ant-api03-TEST-key";
const TOKEN = "sk-ant-oat01-TEST-token";
const CLAUDE = ["claude", "-p", "hi"];
const ENTRY = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));

let home: IsolatedHome;
let cwd: string;
beforeEach(() => {
  home = isolatedHome();
  cwd = join(home.home, "project");
  mkdirSync(cwd);
});
afterEach(() => home.cleanup());

function put(path: string, content: unknown): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const settings = (content: unknown) => put(join(home.configDir, "settings.json"), content);

async function explained(env: Record<string, string> = {}, argv: readonly string[] = CLAUDE) {
  const config = await readConfig({ ...home.env, ...env });
  const [login] = config.logins;
  if (login === undefined) throw new Error("no login");
  return (await explainJob({ config, login, argv, cwd })).explanation;
}

const codes = ({ warnings }: Explanation) => warnings.map(({ code }) => code);
const fixOf = ({ warnings }: Explanation, code: string) =>
  warnings.find((warning) => warning.code === code)?.fix;

describe("an explanation", () => {
  it("names the login, its file, its header and who pays", async () => {
    const path = putLogin(home.configDir);
    expect(await explained()).toEqual({
      schema: "pilotlight.explain/v1",
      winner: {
        source: "claude-file",
        where: `${path} (claudeAiOauth)`,
        headers: ["authorization"],
        billing: "subscription",
        change: {
          kind: "edit",
          text: "set ANTHROPIC_API_KEY; claude auth logout would take the MCP logins along",
        },
      },
      shadowed: [],
      warnings: [],
    });
  });

  it("tells of a key in the settings: what it shadows, where it stands and how it goes away", async () => {
    putLogin(home.configDir);
    const path = settings({ env: { ANTHROPIC_API_KEY: KEY } });
    const explanation = await explained({ ANTHROPIC_API_KEY: `${KEY}2` });
    const fix = `remove env.ANTHROPIC_API_KEY from ${path}`;
    expect(explanation.winner).toEqual({
      source: "ANTHROPIC_API_KEY",
      where: `${path} (env.ANTHROPIC_API_KEY)`,
      headers: ["x-api-key"],
      billing: "api",
      change: { kind: "edit", text: fix },
    });
    expect(explanation.shadowed).toMatchObject([
      { source: "ANTHROPIC_API_KEY", where: "environment (ANTHROPIC_API_KEY)" },
      { source: "claude-file", why: "ANTHROPIC_API_KEY outranks it" },
    ]);
    expect(codes(explanation)).toEqual(["credential_shadowed", "settings_over_environment"]);
    expect(fixOf(explanation, "credential_shadowed")).toBe(fix);
  });

  it.each<[string, Record<string, string>, readonly string[], readonly string[]]>([
    ["a wrong key", { ANTHROPIC_API_KEY: TOKEN }, CLAUDE, ["wrong_credential"]],
    [
      "a refresh token for a key",
      { ANTHROPIC_API_KEY: "sk-ant-ort01-TEST-x" },
      CLAUDE,
      ["wrong_credential"],
    ],
    ["an OAuth token for a bearer", { ANTHROPIC_AUTH_TOKEN: TOKEN }, CLAUDE, ["wrong_credential"]],
    [
      "a key for a setup-token",
      { CLAUDE_CODE_OAUTH_TOKEN: KEY },
      CLAUDE,
      ["wrong_credential", "setup_token_limits"],
    ],
    ["a token in two lines", { ANTHROPIC_API_KEY: `${KEY}\nmore` }, CLAUDE, ["wrong_credential"]],
    [
      "two credentials",
      { ANTHROPIC_API_KEY: KEY, ANTHROPIC_AUTH_TOKEN: KEY },
      CLAUDE,
      ["two_credentials"],
    ],
    ["a key on a terminal", { ANTHROPIC_API_KEY: KEY }, ["claude"], ["key_needs_approval"]],
    [
      "a gateway",
      { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: "https://x.test" },
      CLAUDE,
      ["gateway"],
    ],
    [
      "Anthropic's own address",
      { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: "https://api.anthropic.com/" },
      CLAUDE,
      [],
    ],
    [
      "own headers",
      { ANTHROPIC_CUSTOM_HEADERS: "Authorization: Bearer TEST" },
      CLAUDE,
      ["custom_headers"],
    ],
    [
      "a token's scopes",
      { CLAUDE_CODE_OAUTH_TOKEN: TOKEN, CLAUDE_CODE_OAUTH_SCOPES: "user:profile" },
      CLAUDE,
      ["scope_missing", "builds_differ"],
    ],
    [
      "a variable that a job does not read",
      { ANTHROPIC_API_KEY: KEY, CLAUDE_CODE_OAUTH_REFRESH_TOKEN: "sk-ant-ort01-TEST-x" },
      CLAUDE,
      ["ignored_here"],
    ],
    [
      "a profile that is gone",
      { ANTHROPIC_API_KEY: KEY, ANTHROPIC_PROFILE: "gone" },
      CLAUDE,
      ["profile_unusable"],
    ],
    ["nothing at all", {}, CLAUDE, ["no_credential"]],
  ])("warns of %s", async (_name, env, argv, expected) => {
    const explanation = await explained(env, argv);
    expect(codes(explanation)).toEqual(expected);
    expect(explanation.warnings.every(({ fix }) => fix.length > 0)).toBe(true);
  });

  it("tells a login that --bare does not read from none", async () => {
    putLogin(home.configDir);
    settings({ apiKeyHelper: "echo TEST" });
    const explanation = await explained({}, ["claude", "--bare", "-p", "hi"]);
    expect(explanation.winner).toMatchObject({ source: "none", headers: [] });
    expect(explanation.shadowed.map(({ source }) => source)).toEqual([
      "apiKeyHelper",
      "claude-file",
    ]);
    expect(codes(explanation)).toEqual(["bare_reads_no_login"]);
    expect(exitOfExplanation(explanation)).toBe(66);
  });

  it.each([
    ["was blanked", { accessToken: "", refreshToken: "" }, "no_credential", 66],
    ["lacks its scope", { scopes: ["user:profile"] }, "scope_missing", 78],
    ["is no login", { accessToken: 7 }, "credential_corrupt", 65],
  ] as const)("says why a login that %s is not used", async (_name, fields, code, exit) => {
    const path = putLogin(home.configDir, fields);
    const explanation = await explained();
    expect(explanation.winner.source).toBe("none");
    expect(explanation.shadowed).toMatchObject([{ source: "claude-file" }]);
    expect(explanation.warnings).toMatchObject([{ code, message: expect.stringContaining(path) }]);
    expect(exitOfExplanation(explanation)).toBe(exit);
  });

  it("names the broken settings file and the place in it, and explains without it", async () => {
    putLogin(home.configDir);
    const path = settings('{\n  "apiKeyHelper": "x",\n}');
    const explanation = await explained();
    expect(explanation.winner.source).toBe("claude-file");
    expect(explanation.warnings).toMatchObject([
      { code: "config_invalid", message: expect.stringContaining(`${path}: line 3, column 1`) },
    ]);
    expect(exitOfExplanation(explanation)).toBe(78);
  });

  it("says that nothing is sent where --settings keeps Claude Code from starting", async () => {
    putLogin(home.configDir);
    const explanation = await explained({}, [...CLAUDE, "--settings", "gone.json"]);
    expect(explanation.winner).toMatchObject({ source: "none", headers: [] });
    expect(codes(explanation)).toEqual(["config_invalid"]);
  });

  it("finds a helper that prints an OAuth token, without running it", async () => {
    const trace = join(home.home, "ran");
    settings({ apiKeyHelper: `touch ${trace}; echo ${TOKEN}` });
    expect(codes(await explained())).toEqual(["wrong_credential"]);
    expect(readdirSync(home.home)).not.toContain("ran");
  });

  it("follows the build that the command names, and tells of both where it is not known", async () => {
    putLogin(home.configDir);
    put(join(cwd, ".claude", "settings.json"), { env: { CLAUDE_CODE_OAUTH_TOKEN: TOKEN } });
    const unknown = await explained();
    expect(unknown.winner.source).toBe("claude-file");
    expect(codes(unknown)).toEqual(["builds_differ"]);
    const folder = join(home.home, "node_modules", "@anthropic-ai", "claude-code");
    const manifest = { name: "@anthropic-ai/claude-code", version: "2.1.104" };
    put(join(folder, "package.json"), manifest);
    const claude = put(join(folder, "claude"), "#!/bin/sh\nexit 70\n");
    chmodSync(claude, 0o755);
    expect((await explained({}, [claude, "-p", "hi"])).winner.source).toBe("claude-file");
    rmSync(join(home.configDir, ".credentials.json"));
    const older = await explained({}, [claude, "-p", "hi"]);
    expect(older.winner.source).toBe("CLAUDE_CODE_OAUTH_TOKEN");
    putLogin(home.configDir);
    const pinned = ["npx", "@anthropic-ai/claude-code@2.1.329", "-p", "hi"];
    expect(codes(await explained({}, pinned))).toEqual([]);
  });

  it("never holds a value", async () => {
    putLogin(home.configDir);
    settings({ env: { ANTHROPIC_AUTH_TOKEN: TOKEN }, apiKeyHelper: `echo ${TOKEN}` });
    const env = { ANTHROPIC_API_KEY: KEY, CLAUDE_CODE_OAUTH_TOKEN: TOKEN };
    const text = JSON.stringify(
      await explained({ ...env, ANTHROPIC_CUSTOM_HEADERS: `x-api-key: ${KEY}` }),
    );
    expect(text).not.toMatch(/sk-ant-/);
  });
});

describe("pilotlight explain", () => {
  it("prints the winner, where it is from, what is sent and who pays", async () => {
    const { out, exit } = await runHere(["explain"], { ...home.env, ANTHROPIC_AUTH_TOKEN: KEY });
    expect(out).toContain("ANTHROPIC_AUTH_TOKEN\n");
    expect(out).toMatch(/from +environment \(ANTHROPIC_AUTH_TOKEN\)/);
    expect(out).toMatch(/sends +authorization/);
    expect(out).toMatch(/billed +the API account/);
    expect(out).toMatch(/change +\$ unset ANTHROPIC_AUTH_TOKEN/);
    expect(exit).toBe(0);
  });

  it.each([
    ["a key", { env: { ANTHROPIC_API_KEY: KEY } }, "env.ANTHROPIC_API_KEY"],
    ["a helper", { apiKeyHelper: "echo TEST" }, "apiKeyHelper"],
  ])("names the whole path of %s in settings, whatever is in it", async (_what, content, key) => {
    const dir = join(home.home, "mine (old) (env.X)");
    const path = put(join(dir, "settings.json"), content);
    const { out } = await runHere(["explain"], { ...home.env, CLAUDE_CONFIG_DIR: dir });
    expect(out).toContain(`  change  remove ${key} from ${path}\n`);
  });

  it.each([
    ["the login", () => putLogin(home.configDir), "set ANTHROPIC_API_KEY; claude auth logout "],
    [
      "a key of the Console",
      () => put(join(home.configDir, ".claude.json"), { primaryApiKey: KEY }),
      "$ claude auth login --claudeai\n",
    ],
    ["nothing", () => {}, "$ claude auth login\n"],
  ])("says what to do about %s", async (_what, prepare, change) => {
    prepare();
    const { out } = await runHere(["explain"], home.env);
    expect(out).toContain(`  change  ${change}`);
  });

  it("prints nothing of a path that a terminal would obey", async () => {
    const dir = join(home.home, "a\u001B[2Jb\nc");
    mkdirSync(dir);
    putLogin(dir);
    const { out } = await runHere(["explain"], { ...home.env, CLAUDE_CONFIG_DIR: dir });
    expect(out).toContain("/a\uFFFD[2Jb\uFFFDc/.credentials.json (claudeAiOauth)\n");
  });

  it("prints JSON, and passes on what stands after --", async () => {
    putLogin(home.configDir);
    const words = ["explain", "--json", "--", "claude", "--bare", "-p", "--json-schema", "{}"];
    const { out, exit } = await runHere(words, home.env);
    expect(JSON.parse(out)).toMatchObject({
      schema: "pilotlight.explain/v1",
      winner: { source: "none" },
    });
    expect(exit).toBe(66);
  });

  it("refuses a command that does not start Claude Code", async () => {
    const { exit, err } = await runHere(["explain", "--", "make", "all"], home.env);
    expect([exit, err]).toEqual([64, expect.stringContaining("make does not start Claude Code")]);
  });

  it("writes nothing and loads nothing heavy", () => {
    putLogin(home.configDir);
    const snapshot = () =>
      readdirSync(home.home, { recursive: true, encoding: "utf8" })
        .toSorted()
        .map((name) => [name, statSync(join(home.home, name)).mtimeMs]);
    const probe = join(home.home, "..", "probe.mjs");
    writeFileSync(
      probe,
      `import { registerHooks } from "node:module";
       const urls = [];
       registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
       process.on("exit", () => process.stderr.write(urls.join("\\n")));`,
    );
    const before = snapshot();
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--import", probe, ENTRY, "explain", "--json"],
      { env: home.env, cwd, encoding: "utf8", timeout: 60_000 },
    );
    expect(status).toBe(0);
    expect(snapshot()).toEqual(before);
    expect(stderr).toContain("explain");
    expect(stderr).not.toMatch(
      /node_modules\/(zod|hono|@hono|undici|@peculiar)\/|node:(sqlite|http)/,
    );
  });
});
