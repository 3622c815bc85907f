import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { recallBuild, rememberBuild } from "../support/build-memory.ts";
import { until } from "../support/expectations.ts";
import { openScene } from "../support/scene.ts";
import { conversation, STREAM, tokenAtHand } from "./a-conversation.ts";
import { asked, type JobScene, runOf, withJobs } from "./a-job.ts";

const PACKAGE = "@anthropic-ai/claude-code";
const NPX = ["npx", PACKAGE, "-p", "say hello"];
const GREETING = "Hello from the sandbox.\n";

const containers = needs("linux", "root", "unshare", "npx");

containers.describe("Claude Code by npx, on a host's login that is one read-only file", () => {
  claudeTest("2.1.329", "works until the token ends, and spends nothing", async (build) => {
    const { scene, state, inside } = await openContainer(build);
    scene.write(scene.sandbox.signIn({ accessTokenLife: 3600 }));
    const text = scene.text();
    const ended = await inside(runOf([], NPX));
    expect(ended).toMatchObject({ code: 0, stdout: GREETING });
    expect(ended.stderr).toMatch(
      /^pilotlight: warning: store_read_only: \S+other-name\.json is read-only [^\n]* ends in (1 h 0|59) min[^\n]*\n$/,
    );
    expect(scene.text()).toBe(text);

    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const later = await inside(runOf([], NPX));
    expect([later.code, later.stdout]).toEqual([73, ""]);
    expect(later.stderr).toMatch(
      /^pilotlight: store_read_only: [^\n]*other-name\.json[^\n]* its access token ended [^\n]*\n$/,
    );
    expect(asked(scene)).toHaveLength(1);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
    rememberBuild(build.version, state);
  });

  claudeTest(
    "2.1.104",
    "is refused with 73, and with 78 where isolation is a must",
    async (build) => {
      const { scene, state, inside } = await openContainer(build);
      scene.write(scene.sandbox.signIn());
      const ended = await inside(runOf([], NPX));
      expect([ended.code, ended.stdout]).toEqual([73, ""]);
      expect(ended.stderr).toMatch(
        /^pilotlight: store_read_only: [^\n]* reads its credential in one place only[^\n]*\n$/,
      );
      const command = [...build.command, "-p", "say hello"];
      const strict = await inside(runOf(["--isolate", "always"], command));
      expect([strict.code, strict.stdout]).toEqual([78, ""]);
      expect(strict.stderr).toMatch(/^pilotlight: cannot_isolate: [^\n]*\n$/);
      expect(asked(scene)).toEqual([]);
      expect(scene.sandbox.tokenPosts()).toEqual([]);
      rememberBuild(build.version, state);
    },
  );
});

containers.describe("a host that renews in place what is mounted elsewhere", () => {
  claudeTest("2.1.329", "hands a living job in the container its new token", async (build) => {
    const { scene, state, begin } = await openContainer(build);
    scene.write(scene.sandbox.signIn());
    const talk = conversation(begin(runOf([], [...build.command, ...STREAM])));
    expect(await talk.turn()).toMatchObject({ is_error: false });
    const { ino } = statSync(scene.file);
    const renewed = await scene.run(["refresh", "--force"], { PILOTLIGHT_WRITE: "in-place" });
    expect(renewed.code).toBe(0);
    expect(statSync(scene.file).ino).toBe(ino);
    const { accessToken } = scene.document().claudeAiOauth;
    const isThere = () => tokenAtHand({ state, file: scene.file }) === accessToken;
    await until("the new token in the container", isThere);
    expect(await talk.turn()).toMatchObject({ is_error: false });
    expect(await talk.end()).toMatchObject({ code: 0 });
    expect(asked(scene).map(({ status }) => status)).toEqual([200, 200]);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    rememberBuild(build.version, state);
  });
});

/**
 * A container as compose makes it, on the scene's machine as its host: the host's credential file is mounted as one
 * file under another name, read-only; settings and state are the container's own.
 */
async function openContainer(build: ClaudeBuild) {
  const scene = withJobs(await openScene({ build }), "exit 1");
  const root = join(scene.home.home, "container");
  const state = join(root, "state", "pilotlight");
  const target = join(root, "secrets", "other-name.json");
  const app = join(root, "app");
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, "");
  install(build, app);
  recallBuild(build.version, state);
  const mount = `mount --bind -o ro ${scene.file} ${target} && cd ${app} && exec "$@"`;
  const env = {
    CLAUDE_CREDENTIALS_PATH: target,
    CLAUDE_CONFIG_DIR: join(root, "claude"),
    PILOTLIGHT_STATE_DIR: state,
    npm_config_update_notifier: "false",
  };
  const within = (argv: readonly string[]) => ["unshare", "-m", "sh", "-c", mount, "sh", ...argv];
  const begin = (argv: readonly string[]) => scene.begin(within(argv), { env });
  const inside: JobScene["plain"] = (argv) => scene.plain(within(argv), { env });
  return { scene, state, begin, inside };
}

/** Makes `app` a folder in which `npm install @anthropic-ai/claude-code` was done. */
function install({ version, command }: ClaudeBuild, app: string): void {
  const modules = join(app, "node_modules");
  const folder = join(modules, PACKAGE);
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(modules, ".bin"));
  const manifest = { name: PACKAGE, version, bin: { claude: "claude" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(
    join(app, "package.json"),
    JSON.stringify({ private: true, dependencies: { [PACKAGE]: version } }),
  );
  symlinkSync(command.at(-1) ?? "", join(folder, "claude"));
  symlinkSync(`../${PACKAGE}/claude`, join(modules, ".bin", "claude"));
}
