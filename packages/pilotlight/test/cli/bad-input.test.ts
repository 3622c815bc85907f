import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ErrorCode, traitsOf } from "../../src/core/errors.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { needs } from "../support/needs.ts";
import { loginDocument, putLogin } from "./a-login.ts";
import { runHere } from "./run-here.ts";

const BIN = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));

/** Every command that reads a login. */
const COMMANDS = [
  [],
  ["--json"],
  ["status"],
  ["status", "--json"],
  ["refresh"],
  ["refresh", "--json"],
];
/** Every command that does not, and so works whatever is wrong with one. */
const INDIFFERENT = [["help"], ["help", "login_ended"], ["--version"], ["status", "--help"]];

let home: IsolatedHome;
let path: string;

beforeEach(() => {
  home = isolatedHome();
  path = join(home.configDir, ".credentials.json");
});
afterEach(() => home.cleanup());

const put = (text: string) => writeFileSync(path, text, { mode: 0o600 });
const putFields = (fields: object) => void putLogin(home.configDir, fields);
const whole = () => JSON.stringify(loginDocument());

interface Input {
  readonly name: string;
  readonly put: () => void;
  readonly code: ErrorCode;
}

const INPUTS: readonly Input[] = [
  { name: "missing", put: () => {}, code: "no_credential" },
  { name: "missing with its directory", put: () => (path = elsewhere()), code: "no_credential" },
  { name: "a logged-out one", put: () => put('{"mcpOAuth":{}}'), code: "no_credential" },
  { name: "empty", put: () => put(""), code: "credential_corrupt" },
  { name: "truncated", put: () => put(whole().slice(0, 120)), code: "credential_corrupt" },
  {
    name: "garbage",
    put: () => put(`sk-ant-oat01-TEST-${"x".repeat(99)}`),
    code: "credential_corrupt",
  },
  { name: "binary", put: () => put("\u0000\u0001\uFFFD"), code: "credential_corrupt" },
  {
    name: "with a byte order mark",
    put: () => put(`\uFEFF${whole()}`),
    code: "credential_corrupt",
  },
  { name: "a list", put: () => put("[]"), code: "credential_corrupt" },
  { name: "a directory", put: () => mkdirSync(path), code: "credential_not_a_file" },
  {
    name: "with a number for a token",
    put: () => putFields({ accessToken: 7 }),
    code: "credential_corrupt",
  },
  {
    name: "with a date for an end",
    put: () => putFields({ expiresAt: "2026-11-20" }),
    code: "credential_corrupt",
  },
  {
    name: "with a text for the login",
    put: () => put('{"claudeAiOauth":"sk-ant-oat01-TEST"}'),
    code: "credential_corrupt",
  },
  {
    name: "blanked",
    put: () => putFields({ accessToken: "", refreshToken: "" }),
    code: "login_blanked",
  },
  {
    name: "expired without a refresh token",
    put: () => putFields({ expiresAt: 1, refreshToken: "" }),
    code: "not_refreshable",
  },
];

function elsewhere(): string {
  home.env["CLAUDE_CONFIG_DIR"] = join(home.home, "no", "such", "directory");
  return join(home.env["CLAUDE_CONFIG_DIR"], ".credentials.json");
}

/** What a file is, to see that it is the same afterwards; `null` where there is none. */
function stateOf(file: string): object | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const bytes = stats.isFile() ? readFileSync(file, "hex") : readdirSync(file).join();
  return { bytes, mode: stats.mode, ino: stats.ino, mtime: stats.mtimeMs };
}

describe.each(COMMANDS.map((argv) => ({ command: `pilotlight ${argv.join(" ")}`, argv })))(
  "$command",
  ({ argv }) => {
    it.each(INPUTS)(
      "with a credential file that is $name: $code",
      async ({ put: prepare, code }) => {
        prepare();
        const before = stateOf(path);
        const { exit, out, err } = await runHere(argv, home.env);
        const said = out + err;
        expect([exit, said]).toEqual([traitsOf(code).exit, expect.stringContaining(path)]);
        expect(said.toLowerCase()).toContain(traitsOf(code).fix.toLowerCase());
        if (argv.includes("--json")) expect(out).toContain(`"${code}"`);
        if (argv[0] === "refresh")
          expect(err).toMatch(new RegExp(`^pilotlight: ${code}: [^\\n]+\\n$`));
        expect(said).not.toContain("sk-ant");
        expect(stateOf(path)).toEqual(before);
      },
    );

    it("with an unknown key in the config file: the file and the line", async () => {
      const config = join(home.home, ".config", "pilotlight", "config.toml");
      mkdirSync(join(config, ".."), { recursive: true });
      writeFileSync(config, 'lock_wait = "1s"\ndriwer = "cli"\n');
      putFields({});
      const before = stateOf(path);
      const { exit, out, err } = await runHere(argv, home.env);
      expect(exit).toBe(78);
      expect(err).toContain(`${config}:2: driwer is no setting of Pilotlight`);
      if (argv.includes("--json"))
        expect(JSON.parse(out)).toMatchObject({ code: "config_invalid" });
      else expect(out).toBe("");
      expect(stateOf(path)).toEqual(before);
    });
  },
);

it.each([["status"], ["status", "--json"]])(
  "%s %s names seconds for what they are",
  async (...argv) => {
    putFields({ expiresAt: Math.floor(Date.now() / 1000) + 9999 });
    const before = stateOf(path);
    const { exit, out } = await runHere(argv, home.env);
    expect(exit).toBe(0);
    expect(out).toContain("in seconds instead of milliseconds");
    expect(stateOf(path)).toEqual(before);
  },
);

it.each(INDIFFERENT)("%s %s does not care", async (...argv) => {
  mkdirSync(path);
  writeFileSync(join(home.home, "bad.toml"), "bad");
  const env = { ...home.env, PILOTLIGHT_CONFIG: join(home.home, "bad.toml") };
  expect((await runHere(argv, env)).exit).toBe(0);
});

describe("as another user", () => {
  const NOBODY = 65_534;
  /** In no list of users. */
  const STRANGER = 54_321;

  needs("linux", "root").it("without any home, asks for one", () => {
    const { HOME: _, ...env } = home.env;
    const { status, stderr } = spawnSync(process.execPath, [BIN, "status"], {
      env,
      cwd: "/",
      uid: STRANGER,
      gid: STRANGER,
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(stderr).toMatch(/^pilotlight: config_invalid: .*set HOME/);
    expect(status).toBe(78);
  });

  needs("linux", "root").it(
    "says that the file cannot be read, and leaves it alone",
    () => {
      putFields({});
      const root = join(home.home, "..");
      for (const name of ["", ...readdirSync(root, { recursive: true, encoding: "utf8" })]) {
        if (statSync(join(root, name)).isDirectory()) chmodSync(join(root, name), 0o755);
      }
      const before = stateOf(path);
      for (const argv of COMMANDS) {
        const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...argv], {
          env: home.env,
          cwd: "/",
          uid: NOBODY,
          gid: NOBODY,
          encoding: "utf8",
          timeout: 20_000,
        });
        expect([argv, status]).toEqual([argv, 66]);
        expect(stdout + stderr).toContain(path);
        expect((stdout + stderr).toLowerCase()).toContain(
          traitsOf("credential_unreadable").fix.toLowerCase(),
        );
        expect(stdout + stderr).not.toContain("sk-ant");
      }
      expect(stateOf(path)).toEqual(before);
    },
    60_000,
  );
});
