import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { type Stage, stageIn } from "../../../src/claude/staging/stage.ts";
import type { Credential } from "../../../src/core/credential.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

const DOCUMENT = {
  claudeAiOauth: {
    accessToken: "sk-ant-oat01-TEST-a",
    refreshToken: "sk-ant-ort01-TEST-a",
    expiresAt: 1_795_242_128_458,
    refreshTokenExpiresAt: 1_797_805_328_458,
    ownKey: "kept",
  },
  mcpOAuth: { server: { accessToken: "sk-TEST-mcp" } },
};

let home: IsolatedHome;
let directory: string;
let stage: Stage;
let credential: Credential;

beforeEach(() => {
  home = isolatedHome();
  directory = join(home.stateDir, "staging", "default");
  stage = stageIn(directory, durableFiles());
  const entry = credentialsFile.parse(JSON.stringify(DOCUMENT));
  if (entry.state !== "present") throw new Error("it is a credential");
  ({ credential } = entry);
});
afterEach(() => home.cleanup());

const modeOf = (path: string) => statSync(path).mode & 0o777;
const staged = () => JSON.parse(readFileSync(join(directory, ".credentials.json"), "utf8"));

describe("a stage", () => {
  it("is private, also where an old one was not, and leaves no proof behind", async () => {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    chmodSync(directory, 0o755);
    await stage.prove();
    expect(modeOf(directory)).toBe(0o700);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("says cannot_persist where it cannot be", async () => {
    writeFileSync(join(home.stateDir, "staging"), "a file in the way");
    await expect(stage.prove()).rejects.toThrowError(
      expect.objectContaining({
        code: "cannot_persist",
        message: expect.stringContaining(directory),
      }),
    );
  });

  it("gets the login and nothing beside it, marked as expired, 0600", async () => {
    await stage.prove();
    await stage.put(credential);
    expect(staged()).toEqual({ claudeAiOauth: { ...DOCUMENT.claudeAiOauth, expiresAt: 1 } });
    expect(modeOf(join(directory, ".credentials.json"))).toBe(0o600);
    expect(readdirSync(directory)).toEqual([".credentials.json"]);
    // The credential that was given is not changed by the mark.
    expect(credential.expiresAt).toBe(DOCUMENT.claudeAiOauth.expiresAt);
  });

  it("reads what Claude Code stored, from one that is absent to one that is broken", async () => {
    expect(await stage.read()).toEqual({ state: "absent" });
    await stage.prove();
    await stage.put(credential);
    expect(await stage.read()).toMatchObject({ state: "present", credential: { expiresAt: 1 } });
    writeFileSync(join(directory, ".credentials.json"), "{");
    expect(await stage.read()).toMatchObject({ state: "unreadable", code: "credential_corrupt" });
  });

  it("says which file cannot be read", async () => {
    mkdirSync(join(directory, ".credentials.json"), { recursive: true });
    expect(await stage.read()).toMatchObject({
      state: "unreadable",
      code: "credential_unreadable",
      reason: expect.stringContaining(directory),
    });
  });

  it("keeps only Claude Code's own state from run to run", async () => {
    await stage.prove();
    for (const name of [".claude.json", "settings.json", "refresh-debug.log", "refresh-output.log"])
      writeFileSync(join(directory, name), "{}");
    mkdirSync(join(directory, "projects", "x"), { recursive: true });
    mkdirSync(`${directory}.lock`);
    await stage.put(credential);
    expect(readdirSync(directory).toSorted()).toEqual([".claude.json", ".credentials.json"]);
    expect(existsSync(`${directory}.lock`)).toBe(false);
    await stage.clear();
    expect(readdirSync(directory)).toEqual([".claude.json"]);
    await stage.clear();
  });

  it("has nothing to clear where it never was", async () => {
    await stage.clear();
    expect(existsSync(directory)).toBe(false);
  });
});

describe("the locks of a Claude Code in a stage", () => {
  const NOW = Date.UTC(2026, 10, 20);

  it.each([
    ["its refresh lock", () => join(directory, ".oauth_refresh.lock")],
    ["the lock beside it", () => `${directory}.lock`],
  ])("beat while %s is touched every 5 s", async (_name, lock) => {
    await stage.prove();
    expect(await stage.isBeating(NOW)).toBe(false);
    mkdirSync(lock());
    const touched = (ago: number) => utimesSync(lock(), (NOW - ago) / 1000, (NOW - ago) / 1000);
    for (const [ago, is] of [
      [0, true],
      [14_000, true],
      [-14_000, true],
      [15_000, false],
      [60_000, false],
      [-60_000, false],
    ] as const) {
      touched(ago);
      expect([ago, await stage.isBeating(NOW)]).toEqual([ago, is]);
    }
  });
});
