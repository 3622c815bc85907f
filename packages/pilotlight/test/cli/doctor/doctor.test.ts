import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { doctor } from "../../../src/cli/commands/doctor.ts";
import { DOCTOR_CHECKS } from "../../../src/cli/doctor/doctor-checks.ts";
import { ONLINE_CHECKS } from "../../../src/cli/doctor/online/online-checks.ts";
import { redacted } from "../../../src/cli/doctor/write-bundle.ts";
import { fileJournal } from "../../../src/stores/file-journal.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";
import { loginDocument, putLogin } from "../a-login.ts";
import { runHere } from "../run-here.ts";
import { HOUR, journal, put, putClaude, REFRESH, remember, stateParts } from "./an-examination.ts";

const DOCS = fileURLToPath(new URL("../../../../../docs/doctor.md", import.meta.url));
const Result = z.enum(["ok", "note", "warning", "failure", "skipped"]);

/** `pilotlight.doctor/v1`: these fields and no other. */
const DoctorReport = z.strictObject({
  schema: z.literal("pilotlight.doctor/v1"),
  generatedAt: z.iso.datetime(),
  exit: z.int(),
  counts: z.record(Result, z.int()),
  checks: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      fm: z.array(z.string()),
      result: Result,
      findings: z.array(
        z.strictObject({
          login: z.string().nullable(),
          result: Result,
          evidence: z.string().min(1),
          fix: z.string().nullable(),
          command: z.string().nullable(),
          code: z.string().nullable(),
          repair: z.enum(["file-mode", "orphan-locks", "finish-refresh"]).nullable(),
          fm: z.array(z.string()).nullable(),
        }),
      ),
    }),
  ),
  repairs: z.array(
    z.strictObject({
      login: z.string(),
      repair: z.string(),
      done: z.boolean(),
      detail: z.string(),
    }),
  ),
});

let home: IsolatedHome;
let env: Record<string, string>;
beforeEach(() => {
  home = isolatedHome();
  env = { ...home.env, PILOTLIGHT_CLAUDE: putClaude(home) };
});
afterEach(() => {
  // Whatever doctor mends, it never starts Claude Code.
  expect(existsSync(join(home.home, "started"))).toBe(false);
  home.cleanup();
});

async function report(...argv: readonly string[]) {
  const { exit, out, err } = await runHere(["doctor", "--json", ...argv], env);
  const read = DoctorReport.parse(JSON.parse(out));
  expect(read.exit).toBe(exit);
  const resultOf = (id: string) => read.checks.find((check) => check.id === id)?.result;
  return { ...read, err, resultOf };
}

function generation(refreshToken: string) {
  const fields = { accessToken: "sk-ant-oat01-TEST-next", refreshToken };
  const entry = credentialsFile.parse(JSON.stringify(loginDocument(fields)));
  if (entry.state !== "present") throw new Error("the fixture holds no login");
  return entry.credential;
}

/** What a refresh left in its stage. */
function putStaged(fields: object): void {
  const path = ".local/state/pilotlight/staging/default/.credentials.json";
  put(home, path, JSON.stringify(loginDocument(fields)), 0o600);
}

const file = () => join(home.configDir, ".credentials.json");
const stored = () => readFileSync(file(), "utf8");

describe("doctor", () => {
  it("makes every check, and is content with a good login", async () => {
    putLogin(home.configDir);
    const { checks, counts, exit } = await report();
    expect(exit).toBe(0);
    expect(checks.map(({ id }) => id)).toEqual(DOCTOR_CHECKS.map(({ id }) => id));
    expect(checks.every(({ findings }) => findings.length > 0)).toBe(true);
    expect(counts["failure"]).toBe(0);
    expect(counts["warning"]).toBe(0);
  });

  it.each([
    ["nothing", () => {}, 66],
    ["a warning only", () => chmodSync(putLogin(home.configDir), 0o644), 0],
    ["a torn store", () => writeFileSync(putLogin(home.configDir), "{"), 65],
    [
      "a worse failure beside it",
      () => {
        writeFileSync(putLogin(home.configDir), "{");
        env = { ...env, PILOTLIGHT_CLAUDE: "no-such-claude" };
      },
      78,
    ],
  ])("exits by the worst failure: %s", async (_what, prepare, exit) => {
    prepare();
    expect((await report()).exit).toBe(exit);
  });

  it("tells people what, where and what to do", async () => {
    chmodSync(putLogin(home.configDir), 0o644);
    const { exit, out, err } = await runHere(["doctor"], env);
    expect([exit, err]).toEqual([0, ""]);
    expect(out).toMatch(/^ok {7}store-readable {7}.*\.credentials\.json$/m);
    expect(out).toMatch(
      /^warning {2}store-owner {10}.* has mode 0644.* {2}\[FM-29\]\n {9}Leave it to its owner\.\n {9}\$ chmod 600 /m,
    );
    expect(out).toMatch(
      new RegExp(`^${DOCTOR_CHECKS.length} checks: 0 failed, 1 with warnings, `, "m"),
    );
  });

  it("prints nothing that a terminal would obey", async () => {
    const dir = join(home.home, "a\u001B[2Jb\nc\u2029d");
    mkdirSync(dir);
    putLogin(dir);
    const { out } = await runHere(["doctor"], { ...env, CLAUDE_CONFIG_DIR: dir });
    expect(out).toContain("/a\uFFFD[2Jb\uFFFDc\uFFFDd/.credentials.json\n");
    expect(out.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u2029]/u);
  });

  it("tells for each of several logins", async () => {
    put(home, ".config/pilotlight/config.toml", "[logins.a]\ndir='~/a'\n[logins.b]\ndir='~/b'\n");
    mkdirSync(join(home.home, "a"));
    mkdirSync(join(home.home, "b"));
    putLogin(join(home.home, "a"));
    const { out } = await runHere(["doctor"], env);
    expect(out).toMatch(/^failure {2}store-readable {7}b: no_credential: /m);
    expect(out).toContain("$ pilotlight login --login b\n");
    const one = await runHere(["doctor", "--login", "a"], env);
    expect(one.exit).toBe(0);
  });

  it.each([
    [["--yes"], "--yes goes with --fix"],
    [["--scan", "/no/such/path"], "--scan /no/such/path"],
    [["--as-service", "no-such-unit"], "--as-service no-such-unit: no unit in "],
    [["--login", "nobody"], '"nobody"'],
    [["more"], "more"],
  ])("refuses %j", async (argv, text) => {
    const { exit, err } = await runHere(["doctor", ...argv], env);
    expect(exit).toBe(64);
    expect(err).toContain(text);
  });
});

describe("doctor --fix", () => {
  const again = async () => {
    const { repairs, err } = await report("--fix", "--yes");
    expect([repairs, err]).toEqual([[], ""]);
  };

  it("closes an open file, through a link too, and has nothing to do the next time", async () => {
    renameSync(putLogin(home.configDir), join(home.home, "real.json"));
    symlinkSync(join(home.home, "real.json"), file());
    chmodSync(file(), 0o644);
    const { repairs, err, resultOf } = await report("--fix", "--yes");
    expect(err).toContain("default: set the mode of the credential file to 0600");
    expect(repairs).toMatchObject([
      { repair: "file-mode", done: true, detail: expect.stringMatching(/mode 0644 → 0600$/) },
    ]);
    expect(resultOf("store-owner")).toBe("ok");
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    await again();
  });

  needs("linux").it("takes over a lock whose holder is dead, and no other", async () => {
    putLogin(home.configDir);
    const lock = join(home.configDir, ".oauth_refresh.lock");
    mkdirSync(lock);
    expect((await report("--fix", "--yes")).repairs).toEqual([]);
    const space = readlinkSync("/proc/self/ns/pid");
    const record = {
      pid: 2 ** 22 + 1,
      procStart: "1",
      pidDomain: `linux:${readFileSync("/etc/machine-id", "utf8").trim()}:${space}`,
      pidSpace: `${hostname()}#${space}`,
      lockBirthtimeMs: lstatSync(lock).birthtimeMs,
      bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    };
    writeFileSync(`${lock}.owner`, JSON.stringify(record));
    const { repairs, resultOf } = await report("--fix", "--yes");
    expect(repairs).toMatchObject([{ repair: "orphan-locks", done: true }]);
    expect([existsSync(lock), resultOf("refresh-locks")]).toEqual([false, "ok"]);
    await again();
  });

  it("stores what an unfinished refresh brought", async () => {
    putLogin(home.configDir, { expiresAt: 1 });
    await journal(home, { step: "result", issued: generation("sk-ant-ort01-TEST-next") });
    const { repairs, resultOf } = await report("--fix", "--yes");
    expect(repairs).toMatchObject([{ repair: "finish-refresh", done: true }]);
    expect([resultOf("refresh-journal"), resultOf("login-state")]).toEqual(["ok", "ok"]);
    expect(stored()).toContain("sk-ant-ort01-TEST-next");
    await again();
  });

  it("takes a result that was left in the stage", async () => {
    putLogin(home.configDir, { expiresAt: 1 });
    putStaged({ accessToken: "sk-ant-oat01-TEST-next", refreshToken: "sk-ant-ort01-TEST-next" });
    await journal(home, { step: "in_doubt", code: "in_doubt" });
    const { repairs, exit } = await report("--fix", "--yes");
    expect(repairs).toMatchObject([{ repair: "finish-refresh", done: true }]);
    expect([exit, stored().includes("sk-ant-ort01-TEST-next")]).toEqual([0, true]);
    await again();
  });

  it("puts the last unused generation back into a blanked store", async () => {
    putLogin(home.configDir, { accessToken: "", refreshToken: "", expiresAt: 0 });
    await remember(home, { generation: generation("sk-ant-ort01-TEST-next") });
    const { repairs, exit } = await report("--fix", "--yes");
    expect(repairs).toMatchObject([{ done: true, detail: expect.stringContaining("is back") }]);
    expect([exit, stored().includes("sk-ant-ort01-TEST-next")]).toEqual([0, true]);
    await again();
  });

  it("spends nothing where only a request could tell", async () => {
    putLogin(home.configDir, { expiresAt: 1 });
    putStaged({});
    const before = stored();
    await journal(home, { process: { pid: 2 ** 22 + 1, startedAt: "x:1" }, at: Date.now() - HOUR });
    const { repairs, resultOf } = await report("--fix", "--yes");
    expect(repairs).toMatchObject([{ repair: "finish-refresh", done: false }]);
    expect(resultOf("refresh-journal")).toBe("failure");
    expect(stored()).toBe(before);
    expect(await fileJournal(stateParts(home)).read()).toMatchObject({
      step: "in_doubt",
      retried: false,
      from: { refresh: REFRESH },
    });
  });

  it("asks first, and does nothing without an answer", async () => {
    chmodSync(putLogin(home.configDir), 0o644);
    const mode = () => statSync(file()).mode & 0o777;
    const { err } = await report("--fix");
    expect(err).toContain("nothing was changed; --yes goes on without a question");
    expect(mode()).toBe(0o644);
    const asked: string[] = [];
    const io = { env, isTty: true, out: () => {}, err: () => {} };
    const answer = (yes: boolean) => (question: string) => {
      asked.push(question);
      return Promise.resolve(yes);
    };
    await doctor({ fix: true }, io, answer(false));
    expect(mode()).toBe(0o644);
    await doctor({ fix: true, json: true }, io, answer(true));
    expect(mode()).toBe(0o644);
    await doctor({ fix: true }, io, answer(true));
    expect([mode(), asked]).toEqual([0o600, ["Go on?", "Go on?"]]);
  });
});

describe("doctor --bundle", () => {
  const TOKENISH = /sk-ant-\w+-|[A-Za-z0-9_-]{44,}|Bearer \w/;

  it("writes a new private file in which nothing looks like a token or tells whose it is", async () => {
    const secret = `sk-ant-oat01-TEST${"s".repeat(91)}`;
    const dir = join(home.home, "sk-ant-ort01-TEST-dir");
    mkdirSync(dir);
    putLogin(dir, { accessToken: secret });
    put(home, ".config/pilotlight/config.toml", `[logins.bot]\ndir='${dir}'\n`);
    put(
      home,
      "sk-ant-ort01-TEST-dir/settings.json",
      JSON.stringify({
        env: {
          CLAUDE_CODE_OAUTH_TOKEN: `${secret} x`,
          HTTPS_PROXY: `http://u:${secret}@proxy.test`,
        },
        apiKeyHelper: `/bin/echo ${secret}`,
      }),
    );
    const rehearsal = { command: null, at: 1, detail: `it said Bearer ${secret}` };
    const memory = {
      schema: 1,
      files: { x: { hash: "f".repeat(64) } },
      rehearsals: { ab: rehearsal },
    };
    put(home, ".local/state/pilotlight/builds.json", JSON.stringify(memory));
    env = { ...env, ANTHROPIC_API_KEY: secret };
    const path = join(home.home, "bundle.json");
    const { err } = await report("--bundle", path);
    expect(err).toBe(`wrote ${path}\n`);
    const text = readFileSync(path, "utf8");
    expect(text).not.toMatch(TOKENISH);
    expect(text).not.toContain("TEST");
    expect(text).not.toContain(home.home);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(text)).toMatchObject({
      schema: "pilotlight.bundle/v1",
      versions: { node: process.version, platform: process.platform },
      status: { schema: "pilotlight.status/v1" },
      doctor: { schema: "pilotlight.doctor/v1" },
      builds: { rehearsals: { ab: { detail: "it said Bearer [secret]" } } },
    });
  });

  it("never writes over anything, and least of all a login", async () => {
    const path = putLogin(home.configDir);
    const before = stored();
    const { exit, err } = await runHere(["doctor", "--bundle", path], env);
    expect(exit).toBe(64);
    expect(err).toContain("EEXIST");
    expect(stored()).toBe(before);
  });

  it("says what it mended although the bundle cannot be written", async () => {
    const path = putLogin(home.configDir);
    chmodSync(path, 0o644);
    const argv = ["doctor", "--fix", "--yes", "--bundle", path];
    const { exit, out, err } = await runHere(argv, env);
    expect([exit, statSync(path).mode & 0o777]).toEqual([64, 0o600]);
    expect(out).toMatch(/^mended {2}default: set the mode/);
    expect(err).toContain("usage: ");
    const json = await runHere(["doctor", "--json", "--bundle", path], env);
    expect(json.exit).toBe(64);
    expect(DoctorReport.parse(JSON.parse(json.out)).exit).toBe(0);
  });

  it("bears a memory of builds that is nested too deep", async () => {
    putLogin(home.configDir);
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const rehearsal = `{"command": null, "at": 1, "detail": "", "x": ${deep}}`;
    const memory = `{"schema": 1, "files": {}, "rehearsals": {"ab": ${rehearsal}}}`;
    put(home, ".local/state/pilotlight/builds.json", memory);
    const path = join(home.home, "bundle.json");
    expect((await report("--bundle", path)).exit).toBe(0);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ builds: { rehearsals: {} } });
  });

  it("cleans every text, keys too", () => {
    const value = {
      [`/home/ada/x`]: ["sk-ant-api03-TEST-key", 1, null, true, { a: "/h.x/ome: in /h.x" }],
    };
    expect(redacted(value, "/h.x")).toEqual({
      "/home/user/x": ["[secret]", 1, null, true, { a: "~/ome: in ~" }],
    });
  });
});

describe("the home directory in a bundle", () => {
  it.each([
    ["/srv/bot/", "/srv/bot/.claude", "~/.claude"],
    ["/srv/bot//", "/srv/bot", "~"],
    ["/srv//bot", "in /srv/bot/.claude", "in ~/.claude"],
    ["/srv/bot/", "HOME=/srv/bot/", "HOME=~/"],
    ["/srv/bot/", "/srv/bot2/x", "/srv/bot2/x"],
    ["/srv/bot", "/srv/bot2/x", "/srv/bot2/x"],
    ["/srv/b.t", "/srv/bot/x", "/srv/bot/x"],
    ["/", "/etc/x", "/etc/x"],
    ["//", "/etc/x", "/etc/x"],
    ["", "/etc/x", "/etc/x"],
  ])("is left out where it is %j: %s", (own, text, expected) => {
    expect(redacted(text, own)).toBe(expected);
  });
});

describe("the list of checks", () => {
  const all = [...DOCTOR_CHECKS, ...ONLINE_CHECKS];

  it("has ids that are unique, kebab-case, and failure modes that exist", () => {
    const ids = all.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, title, fm } of all) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(title).toMatch(/^[^.]{15,90}$/);
      expect(fm.length).toBeGreaterThan(0);
      for (const number of fm) expect(number).toMatch(/^FM-(0[1-9]|[1-5]\d|6[0-5])$/);
    }
  });

  it("stands in docs/doctor.md as it is", () => {
    const rows = readFileSync(DOCS, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map(([, id = "", title, fm]) => [id.replaceAll("`", ""), title, fm]);
    expect(rows).toEqual(all.map(({ id, title, fm }) => [id, title, fm.join(" ")]));
  });
});
