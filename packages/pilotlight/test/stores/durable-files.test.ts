import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { tempPathOf } from "../../src/disk/temp-file.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";

let root: string;
const files = durableFiles();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it("creates and replaces a file with mode 0600, whatever the umask or the old mode", async () => {
  const path = join(root, "state.json");
  const before = process.umask(0);
  await files.write(path, "one");
  process.umask(before);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  execFileSync("chmod", ["644", path]);
  await files.write(path, "two");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).toBe("two");
  expect(await readdir(root)).toEqual(["state.json"]);
});

it("names the path and the errno when it cannot", async () => {
  const path = join(root, "none", "state.json");
  await expect(files.write(path, "x")).rejects.toMatchObject({
    code: "cannot_persist",
    message: `${path}: ENOENT: no such file or directory`,
  });
  await expect(files.prove(join(root, "none"))).rejects.toMatchObject({
    code: "cannot_persist",
    message: `${join(root, "none")}: ENOENT: no such file or directory`,
  });
});

it("leaves no temporary file when the rename fails", async () => {
  const path = join(root, "state.json");
  await mkdir(path);
  await expect(files.write(path, "x")).rejects.toMatchObject({ code: "cannot_persist" });
  expect(await readdir(root)).toEqual(["state.json"]);
});

it("proves a directory and leaves nothing", async () => {
  await files.prove(root);
  expect(await readdir(root)).toEqual([]);
});

it("removes the temporary file of a dead process, and not that of a living one", async () => {
  const path = join(root, "state.json");
  const dead = Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
  const ours = tempPathOf(path);
  const theirs = ours.replace(`-${process.pid}-`, `-${dead}-`);
  const elsewhere = theirs.replace(/pilotlight-[0-9a-f]{8}/, "pilotlight-00000000");
  const others = tempPathOf(join(root, "other.json"));
  for (const temp of [ours, theirs, elsewhere, others]) await writeFile(temp, "half");
  await files.write(path, "x");
  const left = (await readdir(root)).map((name) => join(root, name)).toSorted();
  expect(left).toEqual([ours, elsewhere, others, path].toSorted());
});

it("lets many writers of one path each succeed", async () => {
  const path = join(root, "state.json");
  await Promise.all(Array.from({ length: 20 }, (_, i) => files.write(path, `writer ${i}`)));
  expect(await readFile(path, "utf8")).toMatch(/^writer \d+$/);
  expect(await readdir(root)).toEqual(["state.json"]);
});
