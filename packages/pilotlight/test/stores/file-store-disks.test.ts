import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { needs } from "../support/needs.ts";
import { inMountNamespace } from "./fixtures/carry-out.ts";
import { documentOf, tagIn } from "./fixtures/credentials.ts";

const PAGE = 4096;
const mounts = needs("linux", "unshare");

let root: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
  path = join(root, "d", ".credentials.json");
  await mkdir(join(root, "d"));
  await writeFile(path, documentOf("a"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A tmpfs over `directory` that holds `document` and has `free` bytes left. */
function fullDisk(directory: string, free: number, document: string): string {
  return `
mount -t tmpfs -o size=2m tmpfs ${directory}
printf %s '${document}' > ${directory}/.credentials.json
dd if=/dev/zero of=${directory}/fill bs=4k status=none 2>/dev/null || true
truncate -s -${free} ${directory}/fill`;
}

const long = { mcpOAuth: { blob: "x".repeat(2 * PAGE) } };

mounts.it("finds a nearly full disk under the destination before anything is spent", async () => {
  const disk = fullDisk(join(root, "d"), PAGE, documentOf("a"));
  const report = await inMountNamespace(disk, { path, steps: ["prove"] });
  expect(report.steps).toEqual([
    `cannot_persist: ${join(root, "d")}: ENOSPC: no space left on device`,
  ]);
  expect(report.text).toBe(documentOf("a"));
  expect(report.names).toEqual([".credentials.json", "fill"]);
});

mounts.it("finds a nearly full disk under the journal before anything is spent", async () => {
  const state = join(root, "state");
  await mkdir(state);
  const report = await inMountNamespace(fullDisk(state, PAGE, ""), {
    path,
    state,
    steps: ["journal-prove"],
  });
  expect(report.steps).toEqual([
    `cannot_persist: ${join(state, "journal")}: ENOSPC: no space left on device`,
  ]);
  expect(report.journalNames).toEqual([]);
});

mounts.it("finds a nearly full disk under a file that is written in place", async () => {
  const disk = fullDisk(join(root, "d"), PAGE, documentOf("a"));
  const report = await inMountNamespace(disk, { path, mode: "in-place", steps: ["prove"] });
  expect(report.steps).toEqual([
    `cannot_persist: ${path}: ENOSPC: only 4 KiB are free on its file system; free at least 1 MiB`,
  ]);
});

mounts.it("has enough with 1 MiB and a little", async () => {
  const disk = fullDisk(join(root, "d"), 300 * PAGE, documentOf("a"));
  const report = await inMountNamespace(disk, { path, steps: ["prove", "write:b"] });
  expect(report).toMatchObject({ steps: ["ok", "written"], tag: "b" });
});

mounts.it("never installs half of a document that is longer than what is left", async () => {
  const disk = fullDisk(join(root, "d"), PAGE, documentOf("a", long));
  const report = await inMountNamespace(disk, { path, mode: "rename", steps: ["write:b"] });
  expect(report.steps).toEqual([`cannot_persist: ${path}: ENOSPC: no space left on device`]);
  expect(report.text).toBe(documentOf("a", long));
  expect(report.names).toEqual([".credentials.json", "fill"]);
});

mounts.it("never tears a file in place when the longer document does not fit", async () => {
  const disk = fullDisk(join(root, "d"), PAGE, documentOf("a"));
  const tag = "b".repeat(2 * PAGE);
  const report = await inMountNamespace(disk, { path, mode: "in-place", steps: [`write:${tag}`] });
  expect(report.steps).toEqual([`cannot_persist: ${path}: ENOSPC: no space left on device`]);
  expect(report.text).toBe(documentOf("a"));
});

mounts.it("writes in place on a full disk when the document grows no further", async () => {
  const disk = fullDisk(join(root, "d"), 0, documentOf("a", long));
  const report = await inMountNamespace(disk, { path, mode: "in-place", steps: ["write:b"] });
  expect(report).toMatchObject({ steps: ["written"], text: documentOf("b", long) });
});

mounts.it("finds a read-only mount of the file before anything is spent", async () => {
  const target = join(root, "mounted.json");
  await writeFile(target, "");
  const mount = `mount --bind ${path} ${target}; mount -o remount,bind,ro ${target}`;
  for (const mode of ["auto", "in-place"] as const) {
    const report = await inMountNamespace(mount, { path: target, mode, steps: ["prove"] });
    expect(report.steps[0]).toMatch(
      /^cannot_persist: .*mounted\.json: EROFS: read-only file system; mount it read-write/,
    );
  }
  const report = await inMountNamespace(mount, { path: target, steps: ["write:b"] });
  expect(report).toMatchObject({ text: documentOf("a"), names: ["d", "mounted.json"] });
  expect(report.steps[0]).toMatch(/^cannot_persist/);
});

mounts.it("finds a read-only directory before anything is spent", async () => {
  const mount = `mount --bind ${root}/d ${root}/d; mount -o remount,bind,ro ${root}/d`;
  const report = await inMountNamespace(mount, { path, steps: ["prove", "write:b"] });
  expect(report.steps[0]).toMatch(/^cannot_persist: .*\/d: EROFS/);
  expect(report.steps[1]).toMatch(/^cannot_persist: .*EROFS/);
  expect(report.text).toBe(documentOf("a"));
});

mounts.it("writes a file that is mounted by itself in place, and its source sees it", async () => {
  const target = join(root, "mounted.json");
  await writeFile(target, "");
  const before = (await stat(path)).ino;
  const mount = `mount --bind ${path} ${target}`;
  const report = await inMountNamespace(mount, { path: target, steps: ["prove", "write:b"] });
  expect(report).toMatchObject({ steps: ["ok", "written"], tag: "b", ino: [before, before] });
  expect(await readFile(path, "utf8")).toBe(documentOf("b"));
  expect((await stat(path)).ino).toBe(before);
});

mounts.it("says so when a file mounted by itself is configured to be replaced", async () => {
  const target = join(root, "mounted.json");
  await writeFile(target, "");
  const mount = `mount --bind ${path} ${target}`;
  const order = { path: target, mode: "rename", steps: ["prove", "write:b"] } as const;
  const report = await inMountNamespace(mount, order);
  expect(report.steps[0]).toMatch(/^cannot_persist: .*EBUSY: .*write = "auto"/);
  expect(report.steps[1]).toMatch(/^cannot_persist: .*EBUSY/);
  expect(await readFile(path, "utf8")).toBe(documentOf("a"));
});

mounts.it("keeps the source of a mount elsewhere in step when told to write in place", async () => {
  const elsewhere = join(root, "in-the-container.json");
  await writeFile(elsewhere, "");
  for (const [mode, seen] of [
    ["in-place", "b"],
    ["rename", "a"],
  ] as const) {
    await writeFile(path, documentOf("a"));
    const report = await inMountNamespace(
      `mount --bind ${path} ${elsewhere}`,
      { path, mode, steps: ["write:b"] },
      `cat ${elsewhere}`,
    );
    expect(report.steps).toEqual(["written"]);
    expect(tagIn(report.after), mode).toBe(seen);
  }
});

mounts.it("spends nothing on a mounted file whose source was replaced by another", async () => {
  const target = join(root, "mounted.json");
  await writeFile(target, "");
  const mount = `mount --bind ${path} ${target}; cp ${path} ${path}.new; mv ${path}.new ${path}`;
  const report = await inMountNamespace(mount, { path: target, steps: ["prove"] });
  expect(report.steps[0]).toMatch(/^cannot_persist: .*mounted file was replaced.*FM-26/);
});

mounts.it("knows a mount point with a space and a backslash in its name", async () => {
  const target = join(root, "a b\\c.json");
  await writeFile(target, "");
  const mount = `mount --bind ${path} '${target}'`;
  const report = await inMountNamespace(mount, { path: target, steps: ["prove", "write:b"] });
  expect(report.steps).toEqual(["ok", "written"]);
});
