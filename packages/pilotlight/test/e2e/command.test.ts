import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { CLAUDE_VERSIONS, type ClaudeBuild } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import { endOf, expectLivingPair, expectSettled, reportOf } from "./support/expectations.ts";
import { openScene, type Scene, type SceneOptions } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];
const BIN = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));

async function expiredScene(options: SceneOptions): Promise<Scene> {
  const scene = await openScene(options);
  scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
  return scene;
}

/** Puts an executable script into the scene's home. */
function script(scene: Scene, name: string, text: string): string {
  const path = join(scene.home.home, "bin", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

function quoted(argv: readonly string[]): string {
  return argv.map((word) => `'${word}'`).join(" ");
}

async function expectRefreshed(scene: Scene, env: Record<string, string>): Promise<void> {
  expect(endOf(await scene.run(REFRESH, env))).toEqual([0, "refreshed", null]);
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  expectLivingPair(scene);
  expectSettled(scene);
}

async function expectRefused(scene: Scene, setting: string, code: string): Promise<void> {
  const before = scene.text();
  const finished = await scene.run(REFRESH, { PILOTLIGHT_CLAUDE: setting });
  expect([finished.code, reportOf(finished).reason]).toEqual([78, code]);
  expect(scene.text()).toBe(before);
  expect(scene.sandbox.tokenPosts()).toEqual([]);
  expect(existsSync(join(scene.state, "journal", "default.json"))).toBe(false);
}

describe("Claude Code is found", () => {
  claudeTest("2.1.329", "by its name on PATH, without any setting", async (build) => {
    const scene = await expiredScene({ build });
    const folder = join(scene.home.home, "bin");
    mkdirSync(folder);
    symlinkSync(build.command[0], join(folder, "claude"));
    const PATH = `${folder}:${scene.env["PATH"]}`;
    await expectRefreshed(scene, { PILOTLIGHT_CLAUDE: "", PATH });
  });

  claudeTest("2.1.216", "by its path", async (build) => {
    const scene = await expiredScene({ build });
    await expectRefreshed(scene, { PILOTLIGHT_CLAUDE: build.command[0] });
  });

  claudeTest("2.1.104", "by a JSON array of runtime and script", async (build) => {
    const scene = await expiredScene({ build });
    await expectRefreshed(scene, { PILOTLIGHT_CLAUDE: JSON.stringify(build.command) });
  });

  claudeTest("2.1.329", "nowhere: 78, and nothing is spent", async (build) => {
    const scene = await expiredScene({ build });
    await expectRefused(scene, join(scene.home.home, "no-such-claude"), "cli_not_found");
  });
});

describe("a new build is rehearsed before it touches the login", () => {
  const COMMANDS = { "2.1.329": "mcp-list", "2.1.216": "mcp-list", "2.1.104": "prompt" } as const;

  for (const version of CLAUDE_VERSIONS) {
    claudeTest(version, `chooses ${COMMANDS[version]}, once`, async (build) => {
      const scene = await expiredScene({ build });
      const memory = readFileSync(join(scene.state, "builds.json"), "utf8");
      const { rehearsals } = JSON.parse(memory) as { rehearsals: Record<string, object> };
      expect(Object.values(rehearsals)).toMatchObject([{ command: COMMANDS[version] }]);
      await expectRefreshed(scene, {});
      expect(readFileSync(join(scene.state, "builds.json"), "utf8")).toBe(memory);
    });
  }

  claudeTest("2.1.329", "refuses a program that exits without refreshing", async (build) => {
    const scene = await expiredScene({ build });
    const fake = script(scene, "claude", "#!/bin/sh\nexit 0\n");
    await expectRefused(scene, fake, "cli_refused");
  });

  claudeTest("2.1.329", "refuses one that does not wait for its refresh", async (build) => {
    const scene = await expiredScene({ build });
    const hasty = `#!/bin/sh\n${quoted(build.command)} "$@" >/dev/null 2>&1 &\n`;
    await expectRefused(scene, script(scene, "claude", hasty), "cli_refused");
  });

  claudeTest("2.1.329", "refuses one that is killed before it stores", async (build) => {
    const scene = await expiredScene({ build });
    const impatient = `#!/bin/sh\nexec timeout -s KILL 1 ${quoted(build.command)} "$@"\n`;
    await expectRefused(scene, script(scene, "claude", impatient), "cli_refused");
  });
});

describe("a wrapper that calls pilotlight refresh", () => {
  claudeTest(
    "2.1.329",
    "is answered 78 inside, and no grant is lost or made twice",
    async (build) => {
      const scene = await expiredScene({ build });
      const log = join(scene.home.home, "inner.log");
      await expectRefreshed(scene, { PILOTLIGHT_CLAUDE: wrapper(scene, build, log) });
      const inner = readFileSync(log, "utf8").trim().split("\n");
      expect(new Set(inner)).toEqual(new Set(["78"]));
      // Asked for its version, rehearsed, and used: no more, or it has called itself.
      expect(inner.length).toBeLessThanOrEqual(4);
    },
  );
});

function wrapper(scene: Scene, build: ClaudeBuild, log: string): string {
  const inner = `${quoted([process.execPath, BIN])} refresh --force >/dev/null 2>&1`;
  const text = `#!/bin/sh\n${inner}\necho $? >> '${log}'\nexec ${quoted(build.command)} "$@"\n`;
  return script(scene, "claude", text);
}
