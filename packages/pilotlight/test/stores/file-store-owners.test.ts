import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { needs } from "../support/needs.ts";
import { carryOut, run } from "./fixtures/carry-out.ts";
import { documentOf } from "./fixtures/credentials.ts";

const owners = needs("linux", "root");

let root: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
  // Other users of these tests have to get in.
  await chmod(root, 0o755);
  path = join(root, "d", ".credentials.json");
  await mkdir(join(root, "d"));
  await writeFile(path, documentOf("a"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

for (const mode of ["auto", "rename", "in-place"] as const) {
  owners.it(
    `leaves a file of another user to that user when root writes it (${mode})`,
    async () => {
      await chown(path, 12_345, 23_456);
      await chmod(path, 0o640);
      const report = await carryOut({ path, mode, steps: ["prove", "write:b"] });
      expect(report).toMatchObject({
        steps: ["ok", "written"],
        tag: "b",
        uid: 12_345,
        gid: 23_456,
      });
      expect((await stat(path)).mode & 0o777).toBe(0o640);
      expect((await stat(path)).ino === report.ino[0]).toBe(mode === "in-place");
    },
  );
}

const other = { uid: 12_345, gid: 12_345 };

owners.it("writes a file of another user in place where its mode allows it", async () => {
  await chmod(join(root, "d"), 0o777);
  await chmod(path, 0o666);
  const report = await carryOut({ path, steps: ["prove", "write:b"] }, other);
  expect(report).toMatchObject({ steps: ["ok", "written"], tag: "b", uid: 0, gid: 0 });
  expect(report.ino[1]).toBe(report.ino[0]);
});

owners.it("does not take a file from its owner, and says whose it is", async () => {
  await chmod(join(root, "d"), 0o777);
  await chmod(path, 0o644);
  const report = await carryOut({ path, steps: ["prove", "write:b"] }, other);
  expect(report.steps[0]).toMatch(
    /^cannot_persist: .*EACCES: permission denied; it belongs to uid 0 with mode 0644; run as that user/,
  );
  expect(report.steps[1]).toMatch(/^cannot_persist: .*EACCES/);
  const renaming = await carryOut({ path, mode: "rename", steps: ["prove", "write:b"] }, other);
  expect(renaming.steps[0]).toMatch(/^cannot_persist: .*EPERM: it belongs to uid 0, gid 0/);
  expect(renaming.steps[1]).toMatch(/^cannot_persist: .*EPERM/);
  expect(renaming).toMatchObject({ tag: "a", uid: 0, names: [".credentials.json"] });
});

owners.it("cannot read a file of another user, and says so", async () => {
  await chmod(path, 0o600);
  const report = await carryOut({ path, steps: ["read", "write:b"] }, other);
  expect(report.steps[0]).toBe("unreadable");
  expect(report.steps[1]).toMatch(/^cannot_persist: .*EACCES/);
});

owners.it("finds a directory that it may not write", async () => {
  await chown(path, 12_345, 12_345);
  const report = await carryOut({ path, mode: "rename", steps: ["prove"] }, other);
  expect(report.steps[0]).toMatch(/^cannot_persist: .*\/d: EACCES: permission denied/);
});

owners.it("finds a sticky directory, where only owners replace files", async () => {
  const group = { uid: 12_345, gid: 0 };
  await chmod(join(root, "d"), 0o1777);
  await chown(path, 23_456, 0);
  await chmod(path, 0o666);
  const renaming = await carryOut({ path, mode: "rename", steps: ["prove", "write:b"] }, group);
  expect(renaming.steps[0]).toMatch(/^cannot_persist: .*EPERM/);
  expect(renaming.steps[1]).toMatch(/^cannot_persist: .*EPERM/);
  expect(renaming.names).toEqual([".credentials.json"]);
  const auto = await carryOut({ path, steps: ["prove", "write:b"] }, group);
  expect(auto).toMatchObject({ steps: ["ok", "written"], tag: "b", uid: 23_456 });
});

owners.it("replaces its own read-only file, as a rename can", async () => {
  await chown(join(root, "d"), 12_345, 12_345);
  await chown(path, 12_345, 12_345);
  await chmod(path, 0o400);
  const report = await carryOut({ path, steps: ["prove", "write:b"] }, other);
  expect(report).toMatchObject({ steps: ["ok", "written"], tag: "b" });
  expect((await stat(path)).mode & 0o777).toBe(0o400);
});

needs("linux", "chattr +i").it("finds an immutable file before anything is spent", async () => {
  await run(["chattr", "+i", path]);
  try {
    for (const mode of ["auto", "rename", "in-place"] as const) {
      const report = await carryOut({ path, mode, steps: ["prove", "write:b"] });
      expect(report.steps[0], mode).toMatch(/^cannot_persist: .*EPERM: .*chattr -i/);
      expect(report.steps[1], mode).toMatch(/^cannot_persist: .*EPERM/);
      expect(report).toMatchObject({ tag: "a", names: [".credentials.json"] });
    }
  } finally {
    await run(["chattr", "-i", path]);
  }
});
