import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diskActs } from "../../../src/sandbox/drill/disk-acts.ts";
import type { Disk } from "../../../src/sandbox/drill/night.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";

const PATH = process.env["PATH"] ?? "";

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

/** Runs a script with this disk under a place that holds `file`, whose text is "old". */
function onDisk(disk: Disk, script: string) {
  const place = join(home.home, "place");
  mkdirSync(place);
  const file = join(place, "file");
  writeFileSync(file, "old");
  const argv = diskActs(home.home, PATH)?.wrap(disk, { home: place, file }, ["sh", "-c", script]);
  const [program = "", ...args] = argv ?? [];
  const { status } = spawnSync(program, args, { cwd: home.home, env: { PATH } });
  return { status, place, text: readFileSync(file, "utf8") };
}

const mounts = needs("linux", "unshare");

mounts.describe("a disk of one's own", () => {
  it("has not a byte left when it is full, and gives everything back afterwards", () => {
    const script =
      "head -c 4096 /dev/zero >place/new 2>/dev/null; code=$?; rm place/new; mkdir place/lock; exit $code";
    const { status, place, text } = onDisk("full", script);
    expect(status).not.toBe(0);
    expect(text).toBe("old");
    expect(readdirSync(place).toSorted()).toEqual([".claude", "file", "lock"]);
    expect(readdirSync(home.home)).not.toContain("place.kept");
  });

  it("has room for transcripts, which stay", () => {
    const transcript = "place/.claude/projects/session.jsonl";
    const { status } = onDisk("full", `printf said >${transcript}`);
    expect(status).toBe(0);
    expect(readFileSync(join(home.home, transcript), "utf8")).toBe("said");
  });

  it("keeps what was changed on the full disk, and the exit code", () => {
    const { status, text } = onDisk("full", "printf new >place/file; exit 7");
    expect([status, text]).toEqual([7, "new"]);
  });

  it("refuses every write to a file that is mounted read-only", () => {
    const { status, text } = onDisk("read-only", "test -w place/file && exit 0; exit 7");
    expect([status, text]).toEqual([7, "old"]);
  });
});

describe("a system without mounts of one's own", () => {
  it("has no disk for an act", () => {
    expect(diskActs(home.home, "/nowhere")).toBeNull();
  });
});
