import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { rulesOf } from "../../../src/claude/build/build-rules.ts";
import { readJobSettings } from "../../../src/claude/precedence/job-settings.ts";

type Options = Parameters<typeof readJobSettings>[0];

/** The settings files of one job, none of them written yet. */
function places() {
  const root = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const cwd = join(root, "project");
  const files = {
    user: join(root, "config", "settings.json"),
    project: join(cwd, ".claude", "settings.json"),
    local: join(cwd, ".claude", "settings.local.json"),
    managed: join(root, "managed-settings.json"),
  };
  const put = (path: string, settings: object) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(settings));
  };
  const read = (flag: string | null = null, more: Partial<Options> = {}) =>
    readJobSettings({ userFile: files.user, cwd, flag, managedFile: files.managed, ...more });
  return { cwd, files, put, read };
}

const named = (value: string) => ({ env: { NAME: value }, apiKeyHelper: `echo ${value}` });

it("sets nothing where there is no settings file", async () => {
  expect(await places().read()).toEqual({ env: {}, apiKeyHelper: null, origins: {} });
});

it("ranks user, project, local, --settings and managed, and says where each value is from", async () => {
  const { files, put, read } = places();
  const flag = JSON.stringify(named("flag"));
  const origin = (place: string) => ({
    NAME: `${place} (env.NAME)`,
    apiKeyHelper: `${place} (apiKeyHelper)`,
  });
  for (const layer of ["user", "project", "local"] as const) {
    put(files[layer], named(layer));
    expect(await read()).toMatchObject({ ...named(layer), origins: origin(files[layer]) });
  }
  expect(await read(flag)).toMatchObject({ ...named("flag"), origins: origin("--settings") });
  put(files.managed, named("managed"));
  expect(await read(flag)).toMatchObject({ ...named("managed"), origins: origin(files.managed) });
});

it("keeps what a stronger layer does not mention", async () => {
  const { files, put, read } = places();
  put(files.user, { env: { A: "user", B: "user" }, apiKeyHelper: "echo user" });
  put(files.project, { env: { B: "project" } });
  const { env, apiKeyHelper, origins } = await read();
  expect([env, apiKeyHelper]).toEqual([{ A: "user", B: "project" }, "echo user"]);
  expect(origins["A"]).toContain(files.user);
  expect(origins["B"]).toContain(files.project);
  expect(origins["apiKeyHelper"]).toContain(files.user);
});

it("reads --settings from a file whose path is relative to the job's directory", async () => {
  const { cwd, put, read } = places();
  put(join(cwd, "job.json"), named("file"));
  expect((await read("job.json")).env).toEqual({ NAME: "file" });
});

it("takes text that begins with a brace for JSON, and broken settings for none", async () => {
  const { files, read } = places();
  expect((await read(' {"env":{"NAME":"json"}}')).env).toEqual({ NAME: "json" });
  mkdirSync(dirname(files.user), { recursive: true });
  writeFileSync(files.user, '{"env":{"NAME":');
  expect((await read("{broken")).env).toEqual({});
});

it("says what a stronger file sets anew", async () => {
  const { files, put, read } = places();
  put(files.user, named("user"));
  put(files.local, { env: { NAME: "local" }, apiKeyHelper: "" });
  const { apiKeyHelper, origins, overridden } = await read();
  expect(apiKeyHelper).toBeNull();
  expect(origins).toEqual({ NAME: `${files.local} (env.NAME)` });
  expect(overridden).toEqual([
    { name: "NAME", where: `${files.user} (env.NAME)` },
    { name: "apiKeyHelper", where: `${files.user} (apiKeyHelper)` },
  ]);
});

it("keeps only the helper of --settings for --bare", async () => {
  const { files, put, read } = places();
  put(files.user, named("user"));
  put(files.managed, named("managed"));
  expect((await read()).bareHelper).toBeUndefined();
  expect((await read(JSON.stringify(named("flag")))).bareHelper).toBe("echo flag");
});

it("reads only the files that --setting-sources lets in, and no other name there", async () => {
  const { files, put, read } = places();
  for (const layer of ["user", "project", "local"] as const) put(files[layer], named(layer));
  expect((await read(null, { sources: "user" })).env).toEqual({ NAME: "user" });
  expect((await read(null, { sources: "user,project" })).env).toEqual({ NAME: "project" });
  expect((await read(null, { sources: "" })).env).toEqual({});
  expect((await read(null, { sources: "mine" })).faults).toMatchObject([{ isFatal: true }]);
});

it("ignores in a project's settings what builds ignore there", async () => {
  const { files, put, read } = places();
  const env = { ANTHROPIC_PROFILE: "p", CLAUDE_CODE_OAUTH_TOKEN: "t", ANTHROPIC_API_KEY: "k" };
  put(files.project, { env });
  const newest = await read();
  expect(newest.env).toEqual({ ANTHROPIC_API_KEY: "k" });
  expect(Object.keys(newest.ignored ?? {})).toEqual([
    "ANTHROPIC_PROFILE",
    "CLAUDE_CODE_OAUTH_TOKEN",
  ]);
  const older = await read(null, { rules: rulesOf("2.1.216") });
  expect(Object.keys(older.ignored ?? {})).toEqual(["ANTHROPIC_PROFILE"]);
  const late = await read(null, { rules: rulesOf("2.1.216"), hasLoginFile: true });
  expect(Object.keys(late.ignored ?? {})).toContain("CLAUDE_CODE_OAUTH_TOKEN");
  put(files.user, { env });
  expect((await read()).env["CLAUDE_CODE_OAUTH_TOKEN"]).toBe("t");
});

it.each([
  ["no JSON", '{\n  "env": {\n    "A": }', "line 3, column 10: it is not JSON", false],
  ["cut off", '{"env":', "line 1, column 8: it is not JSON", false],
  ["a list", "[]", "line 1, column 1: it is not an object", false],
  ["of a wrong type", '{"apiKeyHelper": 7}', 'key "apiKeyHelper": it must be text', false],
] as const)("names a file that is %s, and the place in it", async (_name, text, why, isFatal) => {
  const { files, put, read } = places();
  put(files.user, {});
  writeFileSync(files.user, text);
  expect((await read()).faults).toEqual([{ place: files.user, why, isFatal }]);
});

it("says which faults keep Claude Code from starting", async () => {
  const { files, put, read } = places();
  expect((await read("gone.json")).faults).toMatchObject([{ place: "--settings", isFatal: true }]);
  expect((await read("{broken")).faults).toMatchObject([{ place: "--settings", isFatal: true }]);
  put(files.managed, {});
  writeFileSync(files.managed, "{broken");
  expect((await read()).faults).toMatchObject([{ place: files.managed, isFatal: true }]);
  const rules = rulesOf("2.1.104");
  expect((await read(null, { rules })).faults).toMatchObject([{ isFatal: false }]);
});
