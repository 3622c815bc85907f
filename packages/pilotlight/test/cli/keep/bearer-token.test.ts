import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readBearerToken } from "../../../src/cli/keep/bearer-token.ts";
import { Secret } from "../../../src/core/secret.ts";
import { isolatedHome } from "../../support/isolated.ts";

const { home, cleanup } = isolatedHome();
afterAll(cleanup);
let files = 0;

function fileWith(text: string, mode = 0o600): string {
  files += 1;
  const path = join(home, `token-${files}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe("the token file", () => {
  it.each([
    ["TEST-token", 0o600],
    ["TEST-token\n", 0o400],
    ["TEST-token\r\n", 0o700],
    [" TEST-token ", 0o600],
  ])("with %j and mode %o holds the token", async (text, mode) => {
    const token = await readBearerToken(fileWith(text, mode));
    expect(token).toBeInstanceOf(Secret);
    expect(token.reveal()).toBe("TEST-token");
  });

  it("may be 4 KiB long and no longer", async () => {
    const token = await readBearerToken(fileWith("t".repeat(4096)));
    expect(token.reveal()).toHaveLength(4096);
    await expect(readBearerToken(fileWith("t".repeat(4097)))).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("longer than 4 KiB"),
    });
  });

  it.each([0o640, 0o604, 0o620, 0o601, 0o644, 0o666])(
    "with mode %o is refused, with the command that mends it",
    async (mode) => {
      const path = fileWith("TEST-token", mode);
      await expect(readBearerToken(path)).rejects.toMatchObject({
        code: "config_invalid",
        message: `${path}: others may read the token file; chmod 600 '${path}'`,
      });
    },
  );

  it.each([
    ["nothing", "", "empty"],
    ["white space", " \n\n", "empty"],
    ["two lines", "TEST-a\nTEST-b\n", "no single word of ASCII"],
    ["a control character", "TEST\u0000token", "no single word of ASCII"],
    ["what no header can hold", "TEST-tökén", "no single word of ASCII"],
  ])("with %s is refused, and its text not shown", async (_, text, why) => {
    const path = fileWith(text);
    const error = await readBearerToken(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "config_invalid" });
    expect(String(error)).toContain(why);
    expect(String(error)).not.toContain("TEST");
  });

  it("that is missing, a directory or a pipe is refused at once", async () => {
    const directory = join(home, "directory");
    mkdirSync(directory, { mode: 0o700 });
    const pipe = join(home, "pipe");
    expect(spawnSync("mkfifo", ["-m", "600", pipe]).status).toBe(0);
    for (const path of [join(home, "none"), directory, pipe]) {
      await expect(readBearerToken(path)).rejects.toMatchObject({ code: "config_invalid" });
    }
  });
});
