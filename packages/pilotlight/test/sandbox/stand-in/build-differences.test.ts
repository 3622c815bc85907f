import { lstatSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { STAND_IN_VERSIONS } from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { HELLO, inMidGrant, locksOf, openStage } from "./a-stand-in.ts";

describe("the builds differ, and so does the stand-in", () => {
  it("2.1.329 holds both refresh locks and names their owner in mid-grant", async () => {
    const stage = await openStage("2.1.329");
    const { ended } = await inMidGrant(stage, 1_000);
    expect(locksOf(stage)).toEqual([
      ".oauth_refresh.lock",
      ".oauth_refresh.lock.owner",
      ".claude.lock",
    ]);
    expect(await ended).toMatchObject({ code: 0 });
    expect(locksOf(stage)).toEqual([]);
  });

  it("2.1.104 holds the one beside the directory", async () => {
    const stage = await openStage("2.1.104");
    const { ended } = await inMidGrant(stage, 1_000);
    expect(locksOf(stage)).toEqual([".claude.lock"]);
    expect(await ended).toMatchObject({ code: 0 });
  });

  it("2.1.329 replaces a symlink, 2.1.104 writes through it", async () => {
    for (const version of STAND_IN_VERSIONS) {
      const stage = await openStage(version);
      const target = join(stage.home.home, "target.json");
      const document = stage.sandbox.signIn({ accessTokenLife: 0 });
      stage.write(document, target);
      symlinkSync(target, stage.file);
      expect(await stage.run(HELLO)).toMatchObject({ code: 0 });
      const isReplaced = version === "2.1.329";
      expect(lstatSync(stage.file).isSymbolicLink()).toBe(!isReplaced);
      const old = document.claudeAiOauth.refreshToken;
      expect(stage.stored(target).refreshToken === old).toBe(isReplaced);
      expect(stage.stored().refreshToken).not.toBe(old);
    }
  });

  it("2.1.329 takes its login from CLAUDE_SECURESTORAGE_CONFIG_DIR, 2.1.104 does not", async () => {
    for (const version of STAND_IN_VERSIONS) {
      const stage = await openStage(version);
      stage.write(stage.sandbox.signIn({ accessTokenLife: 0 }));
      const { claudeAiOauth } = stage.sandbox.signIn();
      const projection = { claudeAiOauth: { ...claudeAiOauth, refreshToken: "" } };
      stage.write(projection, join(stage.home.stateDir, ".credentials.json"));
      const env = { CLAUDE_SECURESTORAGE_CONFIG_DIR: stage.home.stateDir };
      expect(await stage.run(HELLO, env)).toMatchObject({ code: 0 });
      expect(stage.sandbox.tokenPosts()).toHaveLength(version === "2.1.329" ? 0 : 1);
    }
  });

  it("2.1.329 uses what another process stores while that one holds the locks", async () => {
    const stage = await openStage("2.1.329");
    const { ended } = await inMidGrant(stage, 2_000);
    const second = await stage.run(HELLO);
    expect([await ended, second]).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(stage.sandbox.tokenPosts()).toHaveLength(1);
  });

  it("2.1.329 takes over after a while from one that was killed in mid-grant", async () => {
    const stage = await openStage("2.1.329");
    const { child, ended } = await inMidGrant(stage, 3_000);
    child.kill("SIGKILL");
    await ended;
    expect(locksOf(stage)).toContain(".oauth_refresh.lock");
    stage.sandbox.clearFaults();
    const { code, stdout } = await stage.run(HELLO);
    // It spends the same refresh token again: the login is gone.
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: "Failed to authenticate: OAuth session expired and could not be refreshed\n",
    });
    expect(stage.sandbox.grants().familiesRevoked).toBe(1);
  }, 90_000);
});
