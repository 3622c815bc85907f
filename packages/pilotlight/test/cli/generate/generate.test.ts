import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KIND_SUMMARIES } from "../../../src/cli/generate/kind-list.ts";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { putLogin } from "../a-login.ts";
import { putClaude } from "../doctor/an-examination.ts";
import { runHere } from "../run-here.ts";

let home: IsolatedHome;
let env: Record<string, string>;
beforeEach(() => {
  home = isolatedHome();
  putLogin(home.configDir);
  putClaude(home);
  env = { ...home.env, PATH: `${home.home}/bin:${home.env["PATH"] ?? ""}` };
});
afterEach(() => home.cleanup());

const generate = (...argv: string[]) => runHere(["generate", ...argv], env);

describe("generate", () => {
  it("lists every kind in its help", async () => {
    const { out, exit } = await generate("--help");
    expect(exit).toBe(0);
    for (const name of Object.keys(KIND_SUMMARIES)) expect(out).toContain(`  ${name} `);
  });

  it("refuses an unknown kind, and names the others", async () => {
    const { err, exit, out } = await generate("upstart");
    expect({ exit, out }).toEqual({ exit: 64, out: "" });
    expect(err).toContain('there is no kind "upstart" (known: systemd, ');
    expect((await generate("toString")).exit).toBe(64);
    expect((await generate()).exit).toBe(64);
  });

  it("refuses an option that would change nothing", async () => {
    expect((await generate("systemd", "--login", "default")).err).toContain("takes no --login");
    expect((await generate("systemd", "--force")).err).toContain("--force goes with --out");
    expect((await generate("systemd-timer", "--login", "none")).exit).toBe(64);
    expect((await generate("systemd", "--user", "no-such-user")).exit).toBe(64);
  });

  it.each(Object.keys(KINDS))("prints %s as text, and the same as JSON", async (what) => {
    const { out, err, exit } = await generate(what);
    expect(exit).toBe(0);
    expect(err).toMatch(/^it belongs in /);
    const json = JSON.parse((await generate(what, "--json")).out);
    expect(json).toMatchObject({ schema: "pilotlight.generate/v1", what });
    for (const { text } of json.files) {
      expect(out).toContain(text);
      expect(text).toMatch(/[^\n]\n$/);
      expect(text).not.toMatch(/[ \t]$/m);
      expect(text).not.toContain("undefined");
    }
  });

  it.each(Object.keys(KINDS))("keeps every secret out of %s", async (what) => {
    env["ANTHROPIC_API_KEY"] = "sk-ant-api03-TEST-key";
    env["CLAUDE_CODE_OAUTH_TOKEN"] = "sk-ant-oat01-TEST-token";
    env["HTTPS_PROXY"] = "http://me:TEST-password@127.0.0.1:1";
    const { out, err } = await generate(what);
    expect(out + err).not.toMatch(/TEST-/);
    expect(err.includes("HTTPS_PROXY was left out")).toBe(
      ["systemd", "systemd-timer", "launchd", "cron"].includes(what),
    );
  });

  it("refuses a path that no format can hold", async () => {
    expect((await generate("systemd", "--user", "root")).exit).toBe(0);
    env["HOME"] = `${home.home}/a\nb`;
    const { exit, err } = await generate("systemd");
    expect(exit).toBe(64);
    expect(err).toContain("a path with a line break in it");
  });

  it("writes nothing without --out, and reads no credential", async () => {
    const before = readdirSync(home.home, { recursive: true }).length;
    writeFileSync(join(home.configDir, ".credentials.json"), "{");
    expect((await generate("systemd")).exit).toBe(0);
    expect(readdirSync(home.home, { recursive: true })).toHaveLength(before);
  });
});

describe("generate --out", () => {
  it("writes one file, readable for all, and says where", async () => {
    const path = join(home.home, "new", "my.service");
    const { err, out, exit } = await generate("systemd", "--out", path);
    expect({ exit, out }).toEqual({ exit: 0, out: "" });
    expect(err).toMatch(new RegExp(`^wrote ${path}\\nthen: systemctl --user daemon-reload`));
    expect(readFileSync(path, "utf8")).toBe((await generate("systemd")).out);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(join(home.home, "new"))).toEqual(["my.service"]);
  });

  it("takes a directory, there or named with a slash, for several files", async () => {
    mkdirSync(join(home.home, "there"));
    await generate("systemd", "--out", join(home.home, "there"));
    await generate("systemd", "--out", `${home.home}/made/`);
    await generate("systemd-timer", "--out", join(home.home, "two"));
    expect(readdirSync(join(home.home, "there"))).toEqual(["pilotlight.service"]);
    expect(readdirSync(join(home.home, "made"))).toEqual(["pilotlight.service"]);
    expect(readdirSync(join(home.home, "two")).toSorted()).toEqual([
      "pilotlight-refresh.service",
      "pilotlight-refresh.timer",
    ]);
  });

  it("replaces nothing unless it is forced, not even in part", async () => {
    const folder = join(home.home, "two");
    mkdirSync(folder);
    const timer = join(folder, "pilotlight-refresh.timer");
    writeFileSync(timer, "mine");
    const refused = await generate("systemd-timer", "--out", folder);
    expect(refused.exit).toBe(64);
    expect(refused.err).toContain(`${timer} is already there; --force replaces it`);
    expect(readdirSync(folder)).toEqual(["pilotlight-refresh.timer"]);
    expect((await generate("systemd-timer", "--out", folder, "--force")).exit).toBe(0);
    expect(readFileSync(timer, "utf8")).toContain("[Timer]");
  });

  it("says why a file cannot be written", async () => {
    writeFileSync(join(home.home, "file"), "");
    const { exit, err } = await generate("systemd", "--out", `${home.home}/file/x.service`);
    expect(exit).toBe(73);
    expect(err).toContain("ENOTDIR");
  });
});
