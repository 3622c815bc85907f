import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileWatch, type FileWatch } from "../../../src/cli/keep/file-watch.ts";

let folder: string;
let files: FileWatch;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pilotlight-watch-"));
  files = fileWatch();
});

afterEach(() => {
  files.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Watches `name` and counts the hints. */
function counted(name: string) {
  const count = { hints: 0, end: () => {} };
  count.end = files.on(join(folder, name), () => (count.hints += 1));
  return count;
}

function replace(name: string, text: string): void {
  writeFileSync(join(folder, "temp"), text);
  renameSync(join(folder, "temp"), join(folder, name));
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

describe("a watch on files", () => {
  it("hears of a file that comes, is written, replaced again and again, and goes", async () => {
    const watched = counted("login");
    for (const step of [
      () => writeFileSync(join(folder, "login"), "1"),
      () => replace("login", "2"),
      () => replace("login", "3"),
      () => rmSync(join(folder, "login")),
    ]) {
      const before = watched.hints;
      step();
      await expect.poll(() => watched.hints).toBeGreaterThan(before);
    }
  });

  it("hears nothing of its neighbours, nor after its end", async () => {
    const watched = counted("login");
    const other = counted("other");
    replace("other", "1");
    await expect.poll(() => other.hints).toBeGreaterThan(0);
    expect(watched.hints).toBe(0);
    watched.end();
    replace("login", "1");
    await pause();
    expect(watched.hints).toBe(0);
  });

  it("finds a directory that comes later, or was replaced, when it is renewed", async () => {
    const inner = join(folder, "inner");
    let hints = 0;
    files.on(join(inner, "login"), () => (hints += 1));
    files.renew();
    expect(hints).toBe(0);
    mkdirSync(inner);
    files.renew();
    expect(hints).toBe(1);
    writeFileSync(join(inner, "login"), "1");
    await expect.poll(() => hints).toBeGreaterThan(1);
    renameSync(inner, join(folder, "old"));
    mkdirSync(inner);
    const before = hints;
    files.renew();
    expect(hints).toBeGreaterThan(before);
    await pause();
    const settled = hints;
    writeFileSync(join(inner, "login"), "2");
    await expect.poll(() => hints).toBeGreaterThan(settled);
  });
});
