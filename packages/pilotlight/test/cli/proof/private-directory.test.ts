import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { privateDirectory } from "../../../src/cli/proof/private-directory.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

const HOUR = 3_600_000;

let home: IsolatedHome;
let folder: string;
beforeEach(() => {
  home = isolatedHome();
  folder = join(home.stateDir, "projections");
});
afterEach(() => home.cleanup());

/** A copy that was last written so long ago; the directory itself where that differs. */
function copyOf(name: string, age: number, directoryAge = age): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const file = join(path, ".credentials.json");
  writeFileSync(file, "{}", { mode: 0o600 });
  utimesSync(file, new Date(Date.now() - age), new Date(Date.now() - age));
  utimesSync(path, new Date(Date.now() - directoryAge), new Date(Date.now() - directoryAge));
  return path;
}

it("is nobody else's, also for two processes of the same name", async () => {
  const [one, other] = await Promise.all([
    privateDirectory(home.stateDir, "default-7"),
    privateDirectory(home.stateDir, "default-7"),
  ]);
  expect(one).not.toBe(other);
  for (const path of [one, other]) {
    expect(path.startsWith(join(folder, "default-7-"))).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  }
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

it("removes what was not written for a day, and nothing else", async () => {
  const dead = copyOf("default-1-aaaaaa", 24 * HOUR + 60_000);
  const lock = `${dead}.lock`;
  mkdirSync(lock);
  utimesSync(lock, new Date(Date.now() - 25 * HOUR), new Date(Date.now() - 25 * HOUR));
  const living = [
    copyOf("default-1-bbbbbb", 24 * HOUR - 60_000),
    copyOf("default-1-cccccc", 8 * HOUR, 48 * HOUR),
    copyOf("default-1-dddddd", 48 * HOUR, 8 * HOUR),
  ];
  const path = await privateDirectory(home.stateDir, "default-7");
  expect([existsSync(dead), existsSync(lock)]).toEqual([false, false]);
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted(),
  ).toEqual([...living, path].toSorted());
});
