import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect } from "vitest";
import { CLAUDE_VERSIONS } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";
import { expectLivingPair, expectSettled, grantInFlight } from "./support/expectations.ts";
import { openScene, type Scene } from "./support/scene.ts";

const REFRESH = ["refresh", "--json"];
const FORCED = [...REFRESH, "--force"];

const MCP = { "server|1": { serverName: "notes", accessToken: "TEST-mcp-token", expiresAt: 7 } };

/** A login with siblings and keys that no build knows, at both levels. */
function signInAmongOthers({ sandbox, write }: Scene): void {
  const { claudeAiOauth } = sandbox.signIn({ accessTokenLife: 0 });
  write({
    mcpOAuth: MCP,
    claudeAiOauth: { ...claudeAiOauth, futureInside: { deep: [1, null, "ü"] } },
    futureBeside: "kept",
  });
}

/** Every file and directory below the state directory. */
function entriesOf({ state }: Scene): string[] {
  return ["", ...readdirSync(state, { recursive: true, encoding: "utf8" })].map((name) =>
    join(state, name),
  );
}

function filesWith(scene: Scene, text: string): string[] {
  return entriesOf(scene)
    .filter((path) => lstatSync(path).isFile() && readFileSync(path, "utf8").includes(text))
    .map((path) => relative(scene.state, path));
}

function modesOf(scene: Scene): Record<string, string> {
  const odd = entriesOf(scene).filter((path) => {
    const stats = lstatSync(path);
    // The mode of a link means nothing.
    return (
      !stats.isSymbolicLink() && (stats.mode & 0o777) !== (stats.isDirectory() ? 0o700 : 0o600)
    );
  });
  const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8);
  return Object.fromEntries(odd.map((path) => [relative(scene.state, path), modeOf(path)]));
}

for (const version of CLAUDE_VERSIONS) {
  describe(`what ${version} and pilotlight leave behind`, () => {
    claudeTest(version, "shows the CLI one login and keeps everything beside it", async (build) => {
      const scene = await openScene({ build });
      signInAmongOthers(scene);
      scene.sandbox.fault({ name: "token-slow", delayMs: 1_000, rotateAt: "start", times: 1 });
      const running = scene.start(REFRESH);
      await grantInFlight(scene);
      const staged = readFileSync(join(scene.stage, ".credentials.json"), "utf8");
      expect(Object.keys(JSON.parse(staged) as object)).toEqual(["claudeAiOauth"]);
      expect(filesWith(scene, "TEST-mcp-token")).toEqual([]);
      expect((await running.finished).code).toBe(0);
      expectKept(scene);
      expect((await scene.run(FORCED)).code).toBe(0);
      expectKept(scene);
      expect(filesWith(scene, "TEST-mcp-token")).toEqual([]);
      expectLivingPair(scene);
    });

    claudeTest(
      version,
      "leaves one private file with tokens, and the same device",
      async (build) => {
        const scene = await openScene({ build });
        scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
        expect((await scene.run(REFRESH)).code).toBe(0);
        expectSettled(scene);
        expect(filesWith(scene, "sk-ant-")).toEqual(["journal/default.generation.json"]);
        expect(modesOf(scene)).toEqual({});
        const device = deviceOf(scene);
        expect(device).toMatch(/^[0-9a-f]{16,}/);
        expect((await scene.run(FORCED)).code).toBe(0);
        expect(deviceOf(scene)).toBe(device);
      },
    );
  });
}

function expectKept(scene: Scene): void {
  expect(scene.document()).toMatchObject({
    mcpOAuth: MCP,
    futureBeside: "kept",
    claudeAiOauth: { futureInside: { deep: [1, null, "ü"] } },
  });
  expect(lstatSync(scene.file).mode & 0o777).toBe(0o600);
}

function deviceOf({ stage }: Scene): string {
  const text = readFileSync(join(stage, ".claude.json"), "utf8");
  const { userID, machineID } = JSON.parse(text) as { userID?: string; machineID?: string };
  return `${userID ?? ""}${machineID ?? ""}`;
}

describe("a doubt", () => {
  claudeTest(
    "2.1.329",
    "keeps its files to their owner, and no log holds a token",
    async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      scene.sandbox.fault({ name: "token-rotate-then-drop", times: 9 });
      const { code, stdout, stderr } = await scene.run(REFRESH);
      expect(code).toBe(75);
      expect(stdout + stderr).not.toContain("sk-ant-");
      expect(modesOf(scene)).toEqual({});
      const holders = filesWith(scene, "sk-ant-").toSorted();
      expect(holders).toEqual([
        "journal/default.generation.json",
        "staging/default/.credentials.json",
      ]);
    },
  );
});
