import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { claudeTest } from "../../support/claude-test.ts";
import { openScene } from "../support/scene.ts";
import { startKeeper } from "../keep/a-keeper.ts";

const SIBLINGS = { mcpOAuth: { server: { accessToken: "TEST-mcp" } } };

/** Every file below that holds this text. */
function holding(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(text));
}

describe("logout", () => {
  it("takes the login out of the file and out of the state directory, and leaves what is beside it", async () => {
    const scene = await openScene();
    scene.write({ ...scene.sandbox.signIn({ accessTokenLife: 0 }), ...SIBLINGS });
    expect((await scene.run(["refresh"])).code).toBe(0);
    const { accessToken } = scene.document().claudeAiOauth;
    expect(holding(scene.state, accessToken)).not.toEqual([]);
    const { code, stdout } = await scene.run(["logout", "--yes", "--json"]);
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { schema: "pilotlight.logout/v1", login: "default", kept: ["mcpOAuth"], revocation: null },
    ]);
    expect(JSON.parse(scene.text())).toEqual(SIBLINGS);
    expect(holding(scene.state, accessToken)).toEqual([]);
    expect(scene.sandbox.requests().filter(({ path }) => path.includes("revoke"))).toEqual([]);
    expect((await scene.run(["status"])).code).toBe(66);
    expect((await scene.run(["logout", "--yes"])).code).toBe(66);
  });

  it("asks before, and cannot without a terminal", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    const before = scene.text();
    const { code, stderr } = await scene.run(["logout"]);
    expect([code, stderr]).toEqual([64, expect.stringContaining("--yes")]);
    expect(scene.text()).toBe(before);
  });

  claudeTest("2.1.329", "has Claude Code tell the server when that is asked for", async (build) => {
    const scene = await openScene({ build });
    scene.write({ ...scene.sandbox.signIn(), ...SIBLINGS });
    const { code, stdout } = await scene.run(["logout", "--yes", "--revoke", "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { revocation: expect.any(String) }]);
    expect(JSON.parse(scene.text())).toEqual(SIBLINGS);
    const revoked = scene.sandbox.requests().filter(({ path }) => path.includes("revoke"));
    expect(revoked.length).toBeGreaterThan(0);
    expect(existsSync(join(scene.state, "staging", "default.sign-out", ".credentials.json"))).toBe(
      false,
    );
  });

  it("under a daemon shows there at once, and is not undone by it", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    const keeper = await startKeeper(scene);
    await keeper.healthy(({ health }) => health === "ok");
    expect((await scene.run(["logout", "--yes"])).code).toBe(0);
    const { code } = await keeper.healthy(({ health }) => health === "down");
    expect(code).toBe("no_credential");
    expect(existsSync(scene.file)).toBe(false);
    await keeper.end();
  });
});
