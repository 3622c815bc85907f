import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readPassphrase } from "../../../src/cli/keep/open-renewals.ts";

function fileWith(text: string, mode = 0o600): string {
  const directory = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "passphrase");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe("the passphrase of the renew page", () => {
  it("is a line of words, without the break at its end", async () => {
    const read = await readPassphrase(fileWith("TEST correct horse battery\n"));
    expect(read?.reveal()).toBe("TEST correct horse battery");
    expect(await readPassphrase(null)).toBe(null);
  });

  it.each([
    ["is too short", "TEST horse", "no line of at least 12 characters"],
    ["is two lines", "TEST correct\nhorse battery", "no line of at least 12 characters"],
    ["no keyboard has for sure", "TEST körrekt horse", "no line of at least 12 characters"],
    ["is empty", "\n", "empty"],
  ])("that %s is refused, and not shown", async (_, text, why) => {
    const error = await readPassphrase(fileWith(text)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "config_invalid" });
    expect(String(error)).toContain(why);
    expect(String(error)).not.toContain("TEST");
  });

  it("that others may read is refused, with what mends it", async () => {
    const path = fileWith("TEST correct horse battery", 0o640);
    await expect(readPassphrase(path)).rejects.toMatchObject({
      message: `${path}: others may read the passphrase file; chmod 600 '${path}'`,
    });
  });
});
