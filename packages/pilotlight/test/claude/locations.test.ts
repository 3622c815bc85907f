import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { locate } from "../../src/claude/locations.ts";

const OWN = { dir: null, credentialsFile: null };

describe("where a login lies", () => {
  it.each([
    ["nothing set", {}, "/home/u/.claude", "/home/u/.claude"],
    ["a config directory", { CLAUDE_CONFIG_DIR: "/c" }, "/c", "/c"],
    ["a store elsewhere", { CLAUDE_SECURESTORAGE_CONFIG_DIR: "/s" }, "/home/u/.claude", "/s"],
    ["both", { CLAUDE_CONFIG_DIR: "/c", CLAUDE_SECURESTORAGE_CONFIG_DIR: "/s" }, "/c", "/s"],
    // As 2.1.329 and 2.1.216 take them (measured 2026-11).
    [
      "an empty store variable",
      { CLAUDE_SECURESTORAGE_CONFIG_DIR: "" },
      "/home/u/.claude",
      "/home/u/.claude",
    ],
    [
      "an empty config directory: the working directory",
      { CLAUDE_CONFIG_DIR: "" },
      resolve(),
      resolve(),
    ],
    [
      "a relative config directory",
      { CLAUDE_CONFIG_DIR: "conf" },
      resolve("conf"),
      resolve("conf"),
    ],
  ])("with %s", (_name, env, configDir, secureDir) => {
    expect(locate(OWN, env, "/home/u")).toEqual({
      configDir,
      credentialsFile: `${secureDir}/.credentials.json`,
      lockDir: secureDir,
      settingsFile: `${configDir}/settings.json`,
      stateFile:
        "CLAUDE_CONFIG_DIR" in env && env.CLAUDE_CONFIG_DIR
          ? `${configDir}/.claude.json`
          : "/home/u/.claude.json",
    });
  });

  it("is the configured directory, whatever the environment says", () => {
    const env = { CLAUDE_CONFIG_DIR: "/c", CLAUDE_SECURESTORAGE_CONFIG_DIR: "/s" };
    expect(locate({ dir: "/bot", credentialsFile: null }, env, "/home/u")).toMatchObject({
      configDir: "/bot",
      credentialsFile: "/bot/.credentials.json",
      lockDir: "/bot",
      stateFile: "/bot/.claude.json",
    });
  });

  it("is the configured file, under any name, with its locks beside it", () => {
    const place = { dir: null, credentialsFile: "/run/secrets/claude.json" };
    expect(locate(place, { CLAUDE_CONFIG_DIR: "/c" }, "/home/u")).toEqual({
      configDir: "/c",
      credentialsFile: "/run/secrets/claude.json",
      lockDir: "/run/secrets",
      settingsFile: "/c/settings.json",
      stateFile: "/c/.claude.json",
    });
  });
});
