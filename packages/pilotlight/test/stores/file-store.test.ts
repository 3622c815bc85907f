import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HeldLock } from "../../src/core/ports.ts";
import { fileStore } from "../../src/stores/file-store.ts";
import { memoryLocks } from "../../src/stores/memory-locks.ts";
import type { WriteMode } from "../../src/stores/write-mode.ts";
import { describeStore, format } from "./contract.ts";
import { documentOf, generation, pair, tagIn } from "./fixtures/credentials.ts";

const held: HeldLock = { isHeld: () => Promise.resolve(true) };

for (const mode of ["auto", "rename", "in-place"] as const) {
  describeStore(`the file store (${mode})`, async (locks) => {
    const root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
    const path = join(root, ".credentials.json");
    return {
      store: fileStore({ path, format, locks, mode }),
      put: (text) => (text === null ? rm(path, { force: true }) : writeFile(path, text)),
      text: () => readFile(path, "utf8").catch(() => null),
      cleanup: async () => {
        const left = (await readdir(root)).filter((name) => name !== ".credentials.json");
        await rm(root, { recursive: true, force: true });
        expect(left, "debris").toEqual([]);
      },
    };
  });
}

describe("the file store", () => {
  let root: string;
  let path: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
    path = join(root, ".credentials.json");
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const open = (mode: WriteMode = "auto", at = path) =>
    fileStore({ path: at, format, locks: memoryLocks(), mode });

  it("says that a directory, a pipe, a socket or a device is not a file, and never waits for one", async () => {
    await mkdir(path);
    expect(await open().read()).toMatchObject({ code: "credential_not_a_file" });
    await expect(open().proveWritable()).rejects.toMatchObject({ code: "cannot_persist" });
    await expect(open().write(generation("b"), pair("a"), held)).rejects.toMatchObject({
      code: "cannot_persist",
    });
    execFileSync("mkfifo", [join(root, "pipe")]);
    expect(await open("auto", join(root, "pipe")).read()).toMatchObject({
      code: "credential_not_a_file",
      reason: expect.stringContaining("named pipe") as string,
    });
    const server = createServer().listen(join(root, "socket"));
    await once(server, "listening");
    expect(await open("auto", join(root, "socket")).read()).toMatchObject({
      code: "credential_not_a_file",
      reason: expect.stringMatching(/is a socket$/) as string,
    });
    server.close();
    expect(await open("auto", "/dev/null").read()).toMatchObject({
      code: "credential_not_a_file",
    });
  });

  it("takes a file of more than 4 MiB for corrupt, and writes over it", async () => {
    await writeFile(path, documentOf("a"));
    await truncate(path, 4 * 1024 * 1024 + 1);
    const entry = await open().read();
    expect(entry).toMatchObject({ code: "credential_corrupt" });
    expect(await open().write(generation("b"), pair("a"), held)).toEqual({ kind: "written" });
    expect(await readFile(path, "utf8")).toBe(documentOf("b"));
  });

  it("cannot read through a file that stands where a directory should be", async () => {
    await writeFile(path, "x");
    const entry = await open("auto", join(path, "below")).read();
    expect(entry).toMatchObject({ code: "credential_unreadable" });
  });

  it.each(["auto", "rename", "in-place"] as const)(
    "writes a symlink's target and keeps the link (%s)",
    async (mode) => {
      const target = join(root, "elsewhere", "real.json");
      await mkdir(join(root, "elsewhere"));
      await writeFile(target, documentOf("a"));
      await symlink("elsewhere/real.json", path);
      await open(mode).proveWritable();
      expect(await open(mode).write(generation("b"), pair("a"), held)).toEqual({
        kind: "written",
      });
      expect(await readlink(path)).toBe("elsewhere/real.json");
      expect(tagIn(await readFile(target, "utf8"))).toBe("b");
      expect(await readdir(join(root, "elsewhere"))).toEqual(["real.json"]);
    },
  );

  it("reads a dangling symlink as absent, and a circle of them as unreadable", async () => {
    await symlink("nowhere", path);
    expect(await open().read()).toEqual({ state: "absent" });
    await rm(path);
    await symlink(".credentials.json", path);
    expect(await open().read()).toMatchObject({ code: "credential_unreadable" });
  });

  it("writes a hard-linked file in place, so that both names see it", async () => {
    const other = join(root, "other-name.json");
    await writeFile(path, documentOf("a"));
    await link(path, other);
    await open().proveWritable();
    await open().write(generation("b"), pair("a"), held);
    expect(tagIn(await readFile(other, "utf8"))).toBe("b");
    expect((await stat(path)).ino).toBe((await stat(other)).ino);
  });

  it.each([
    ["rename", false],
    ["in-place", true],
  ] as const)("gives the file a new inode or not: %s", async (mode, isKept) => {
    await writeFile(path, documentOf("a"));
    // The old inode lives on under this name, so that its number cannot be given out again.
    if (!isKept) await link(path, join(root, "old"));
    const before = (await stat(path)).ino;
    await open(mode).write(generation("b"), pair("a"), held);
    expect((await stat(path)).ino === before).toBe(isKept);
  });

  it.each([0o600, 0o644, 0o640])("keeps mode %o", async (mode) => {
    await writeFile(path, documentOf("a"));
    await chmod(path, mode);
    await open("rename").write(generation("b"), pair("a"), held);
    expect((await lstat(path)).mode & 0o777).toBe(mode);
  });

  it("removes what a killed writer left behind, and nothing that is not ours", async () => {
    const stale = ".credentials.json.pilotlight-00000000-1-0123456789ab.tmp";
    const cli = ".credentials.json.tmp.0a1b2c";
    await writeFile(path, documentOf("a"));
    await writeFile(join(root, `.${stale}`), "half a docu");
    await writeFile(join(root, cli), "Claude Code's own");
    await open().write(generation("b"), pair("a"), held);
    expect((await readdir(root)).toSorted()).toEqual([".credentials.json", cli]);
  });

  it("fences a writer that lost its lock: its temporary file is gone, so it cannot come late", async () => {
    await writeFile(path, documentOf("a"));
    const slow = {
      isHeld: async () => {
        // Believes to hold it while another writer commits.
        await open().write(generation("fast"), pair("a"), held);
        return true;
      },
    };
    await expect(open("rename").write(generation("slow"), pair("a"), slow)).rejects.toMatchObject({
      code: "cannot_persist",
    });
    expect(tagIn(await readFile(path, "utf8"))).toBe("fast");
  });

  it("reports who came right after it, without the lock", async () => {
    await writeFile(path, documentOf("a"));
    let asked = 0;
    const store = fileStore({
      path,
      format: {
        ...format,
        parse: (text) => {
          asked += 1;
          // The first parse is of the live file, the second of the merged text, the third verifies.
          return format.parse(asked === 3 ? documentOf("theirs") : text);
        },
      },
      locks: memoryLocks(),
      mode: "rename",
    });
    expect(await store.write(generation("b"), pair("a"), held)).toMatchObject({
      kind: "conflict",
    });
  });

  it("does not call it written when the disk gives back something else", async () => {
    await writeFile(path, documentOf("a"));
    let asked = 0;
    const store = fileStore({
      path,
      format: {
        ...format,
        parse: (text) => {
          asked += 1;
          return format.parse(asked >= 3 ? documentOf("a") : text);
        },
      },
      locks: memoryLocks(),
      mode: "rename",
    });
    await expect(store.write(generation("b"), pair("a"), held)).rejects.toMatchObject({
      code: "cannot_persist",
    });
  });

  it("looks again before it calls a file corrupt that somebody is just writing in place", async () => {
    await writeFile(path, documentOf("a").slice(0, 40));
    const reading = open().read();
    await new Promise((resolve) => setTimeout(resolve, 10));
    await writeFile(`${path}.new`, documentOf("b"));
    await rename(`${path}.new`, path);
    expect(await reading).toMatchObject({ state: "present" });
  });

  it("says before anything is spent that the directory is gone", async () => {
    const store = open("auto", join(root, "gone", ".credentials.json"));
    await expect(store.proveWritable()).rejects.toMatchObject({
      code: "cannot_persist",
      message: expect.stringMatching(/gone: ENOENT/) as string,
    });
  });
});
