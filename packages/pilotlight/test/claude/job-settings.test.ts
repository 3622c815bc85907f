import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readJobSettings } from "../../src/claude/job-settings.ts";

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
  const read = (flag: string | null = null) =>
    readJobSettings({ userFile: files.user, cwd, flag, managedFile: files.managed });
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
    expect(await read()).toEqual({ ...named(layer), origins: origin(files[layer]) });
  }
  expect(await read(flag)).toEqual({ ...named("flag"), origins: origin("--settings") });
  put(files.managed, named("managed"));
  expect(await read(flag)).toEqual({ ...named("managed"), origins: origin(files.managed) });
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
