import { spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tokenOf } from "../../src/claude/fingerprint.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { envFilePlace, tokenFilePlace } from "../../src/stores/token-place.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { needs } from "../support/needs.ts";

const TOKEN = "sk-ant-oat01-TEST-new-token-of-a-year";
const VARIABLE = "CLAUDE_CODE_OAUTH_TOKEN";
const FILES = durableFiles();

let home: IsolatedHome;
let path: string;
beforeEach(() => {
  home = isolatedHome();
  mkdirSync(join(home.home, "etc"));
  path = join(home.home, "etc", "bot.env");
});
afterEach(() => home.cleanup());

const inEnvFile = () => envFilePlace(path, VARIABLE, FILES);
const text = () => readFileSync(path, "utf8");
const modeOf = (file: string) => statSync(file).mode & 0o777;
const failure = (code: string, part: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

/** Both proofs and both writes refuse in the same words, and leave what was there. */
async function expectRefusal(
  place: ReturnType<typeof inEnvFile>,
  code: string,
  part: string,
): Promise<void> {
  await expect(place.prove()).rejects.toThrow(failure(code, part));
  await expect(place.put(tokenOf(TOKEN))).rejects.toThrow(failure(code, part));
}

describe("an env file", () => {
  it("is made, for its owner only", async () => {
    await inEnvFile().prove();
    expect(readdirSync(join(home.home, "etc"))).toEqual([]);
    expect(await inEnvFile().put(tokenOf(TOKEN))).toBeNull();
    expect(text()).toBe(`${VARIABLE}=${TOKEN}\n`);
    expect(modeOf(path)).toBe(0o600);
    expect(readdirSync(join(home.home, "etc"))).toEqual(["bot.env"]);
  });

  it("keeps every other line, and is proved without a change", async () => {
    const before = `# the bot\nHTTPS_PROXY=http://127.0.0.1:1\n${VARIABLE}=old\n`;
    writeFileSync(path, before, { mode: 0o600 });
    await inEnvFile().prove();
    expect(text()).toBe(before);
    expect(await inEnvFile().put(tokenOf(TOKEN))).toBeNull();
    expect(text()).toBe(before.replace("old", TOKEN));
  });

  it.each([0o644, 0o640, 0o666])("that others could read is closed to them (%o)", async (mode) => {
    writeFileSync(path, "A=1\n");
    chmodSync(path, mode);
    expect(await inEnvFile().put(tokenOf(TOKEN))).toBe(mode);
    expect(modeOf(path)).toBe(0o600);
  });

  it("behind a symlink is written where that leads", async () => {
    const real = join(home.home, "real.env");
    writeFileSync(real, "A=1\n", { mode: 0o600 });
    symlinkSync(real, path);
    await inEnvFile().prove();
    await inEnvFile().put(tokenOf(TOKEN));
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toBe(`A=1\n${VARIABLE}=${TOKEN}\n`);
  });

  it.each([
    ["without sense", Buffer.from("A=1\nnonsense\n"), "line 2"],
    ["of other bytes than UTF-8", Buffer.from([0x41, 0x3d, 0xff, 0x0a]), "not UTF-8"],
  ])("%s is left alone", async (_name, bytes, part) => {
    writeFileSync(path, bytes);
    await expectRefusal(inEnvFile(), "env_file_corrupt", part);
    expect(readFileSync(path)).toEqual(bytes);
  });

  it("is none where a directory stands, and none in a directory that is not there", async () => {
    mkdirSync(path);
    await expectRefusal(inEnvFile(), "credential_not_a_file", path);
    path = join(home.home, "missing", "bot.env");
    await expectRefusal(inEnvFile(), "cannot_persist", "ENOENT");
  });

  needs("chattr +i", "linux").it("that is immutable is found out before", async () => {
    writeFileSync(path, "A=1\n");
    spawnSync("chattr", ["+i", path]);
    try {
      await expectRefusal(inEnvFile(), "cannot_persist", "EPERM");
      expect(text()).toBe("A=1\n");
    } finally {
      spawnSync("chattr", ["-i", path]);
    }
  });
});

describe("a file for the token alone", () => {
  const place = () => tokenFilePlace(path, FILES);

  it("holds the token and no line break, before and after a change", async () => {
    for (const token of [TOKEN, `${TOKEN}-2`]) {
      await place().prove();
      expect(await place().put(tokenOf(token))).toBeNull();
      expect(text()).toBe(token);
      expect(modeOf(path)).toBe(0o600);
    }
  });

  it("is not made of a file that holds something else", async () => {
    writeFileSync(path, "A=1\n");
    await expectRefusal(place(), "cannot_persist", "something else than a token");
    expect(text()).toBe("A=1\n");
  });
});
