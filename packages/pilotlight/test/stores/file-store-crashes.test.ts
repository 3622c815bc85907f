import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import type { WriteMode } from "../../src/stores/write-mode.ts";
import { needs } from "../support/needs.ts";
import { carryOut } from "./fixtures/carry-out.ts";
import { documentOf, tagIn } from "./fixtures/credentials.ts";
import { type Call, callsOf, underStrace } from "./fixtures/under-strace.ts";

const traced = needs("linux", "strace");
const FILE = ".credentials.json";

let root: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
  path = join(root, "d", FILE);
  await mkdir(join(root, "d"));
  await writeFile(path, documentOf("a"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const names = async () => (await readdir(join(root, "d"))).toSorted();
const tag = async () => tagIn(await readFile(path, "utf8"));

/** The steps of a write that concern its temporary file and the directory, in their order. */
function stepsOf(calls: readonly Call[]): readonly string[] {
  const isOurs = (line: string) => line.includes(`${FILE}.pilotlight-`) || line.includes("/d>)");
  return calls.filter(({ line }) => isOurs(line)).map(({ name }) => name);
}

/** The how-manyeth call of that name in its thread the first that matches is, as strace counts. */
function countOf(calls: readonly Call[], name: string, part: string): number {
  const found = calls.find((call) => call.name === name && call.line.includes(part));
  const same = calls.filter((call) => call.name === name && call.thread === found?.thread);
  return same.findIndex((call) => call === found) + 1;
}

traced.it(
  "writes, fsyncs, renames, then fsyncs the directory; the file is new and private",
  async () => {
    const calls = await callsOf({ path, mode: "rename", steps: ["write:b"] });
    const opening = calls.find(({ line }) => line.includes("O_EXCL") && line.includes(FILE));
    expect(opening?.line).toMatch(/O_CREAT\|O_EXCL.*, 0600\)/);
    expect(stepsOf(calls)).toEqual(["openat", "write", "fchmod", "fsync", "rename", "fsync"]);
  },
  30_000,
);

traced.it(
  "makes room before it writes in place, and never truncates first",
  async () => {
    const calls = await callsOf({ path, mode: "in-place", steps: ["write:bbbb"] });
    const steps = calls.filter(({ line }) => line.includes(`${FILE}>`) && !line.includes("openat"));
    expect(steps.map(({ name }) => name)).toEqual([
      "pwrite64",
      "fsync",
      "pwrite64",
      "ftruncate",
      "fsync",
    ]);
    expect(calls.some(({ line }) => line.includes("O_TRUNC") && line.includes(FILE))).toBe(false);
  },
  30_000,
);

for (const call of ["fchmod", "fsync", "rename"]) {
  traced.it(
    `survives a kill at ${call}: the old or the new document whole, and no debris after the next write`,
    async () => {
      const order = { path, mode: "rename", steps: ["write:b"] } as const;
      expect(await underStrace(order, `${call}:signal=KILL:when=1`)).toBeNull();
      expect(["a", "b"]).toContain(await tag());
      const again = await carryOut(order);
      expect(again).toMatchObject({ steps: ["written"], tag: "b", names: [FILE] });
    },
    30_000,
  );
}

traced.it(
  "survives a kill around the write of its temporary file",
  async () => {
    const order = { path, mode: "rename", steps: ["write:b"] } as const;
    const at = countOf(await callsOf(order), "write", ".pilotlight-");
    expect(at).toBeGreaterThan(0);
    for (const when of [at - 1, at, at + 1]) {
      await writeFile(path, documentOf("a"));
      expect(await underStrace(order, `write:signal=KILL:when=${when}`)).toBeNull();
      expect(await tag()).toBe("a");
    }
    expect((await names()).length, "a killed writer leaves its temporary file").toBeGreaterThan(1);
    await carryOut(order);
    expect(await names()).toEqual([FILE]);
  },
  60_000,
);

traced.it(
  "makes a new state directory durable down to the file",
  async () => {
    const calls = await callsOf({ path, state: join(root, "s"), steps: ["journal:b"] });
    const synced = calls.filter(({ name }) => name === "fsync").map(({ line }) => line);
    for (const directory of [root, join(root, "s"), join(root, "s", "journal")]) {
      expect(
        synced.some((line) => line.includes(`${directory}>`)),
        directory,
      ).toBe(true);
    }
  },
  30_000,
);

traced.it(
  "survives a kill in a journal write: a record whole, and no debris after the next",
  async () => {
    const state = join(root, "state");
    await carryOut({ path, state, steps: ["journal:b"] });
    for (const kill of ["fsync:signal=KILL:when=1", "rename:signal=KILL:when=1"]) {
      expect(await underStrace({ path, state, steps: ["journal:c"] }, kill), kill).toBeNull();
      const journal = await readFile(join(state, "journal", "default.json"), "utf8");
      const { issued } = JSON.parse(journal) as { issued: string };
      expect(["b", "c"], kill).toContain(tagIn(issued));
    }
    const again = await carryOut({ path, state, steps: ["journal:d"] });
    expect(again).toMatchObject({ steps: ["ok"], journalNames: ["default.json"] });
  },
  30_000,
);

traced.it(
  "keeps the old document when the disk takes no byte of the new one",
  async () => {
    const order = { path, steps: ["write:b"] } as const;
    const at = countOf(await callsOf(order), "write", ".pilotlight-");
    await writeFile(path, documentOf("a"));
    const report = await underStrace(order, `write:error=ENOSPC:when=${at}`);
    expect(report?.steps).toEqual([`cannot_persist: ${path}: ENOSPC: no space left on device`]);
    expect(report).toMatchObject({ tag: "a", names: [FILE] });
  },
  30_000,
);

for (const [mode, fault] of [
  ["auto", "rename:error=ENOSPC"],
  ["auto", "rename:error=EIO"],
  ["rename", "rename:error=EBUSY"],
  ["auto", "fsync:error=EIO:when=1"],
  ["auto", "openat:error=ENOSPC"],
] as const) {
  traced.it(
    `keeps the old document, and nothing else, after ${fault} (${mode})`,
    async () => {
      const order = { path, mode, steps: ["write:bbbb"] } as const;
      // Node opens many a file before us.
      const part = fault.startsWith("openat")
        ? `:when=${countOf(await callsOf(order), "openat", ".pilotlight-")}`
        : "";
      await writeFile(path, documentOf("a"));
      const report = await underStrace(order, `${fault}${part}`);
      expect(report?.steps[0]).toMatch(/^cannot_persist: .*credentials\.json: E(NOSPC|IO|BUSY): /);
      expect(report).toMatchObject({ text: documentOf("a"), names: [FILE] });
    },
    30_000,
  );
}

traced.it(
  "does not promise what the directory did not: a failed fsync there is an error, the document whole",
  async () => {
    const report = await underStrace({ path, steps: ["write:b"] }, "fsync:error=EIO:when=2");
    expect(report?.steps[0]).toMatch(/^cannot_persist: .*EIO/);
    expect(report).toMatchObject({ tag: "b", names: [FILE] });
  },
  30_000,
);

for (const errno of ["EBUSY", "EXDEV", "EPERM", "EACCES"]) {
  traced.it(
    `writes in place when the rename says ${errno}, and keeps the inode`,
    async () => {
      const { ino } = await stat(path);
      const report = await underStrace({ path, steps: ["write:bbbb"] }, `rename:error=${errno}`);
      expect(report).toMatchObject({ steps: ["written"], tag: "bbbb", names: [FILE] });
      expect(report?.ino).toEqual([ino, ino]);
    },
    30_000,
  );
}

/** An old document shorter and one longer than the new one: the first needs room, the second leaves a rest. */
const olds = {
  shorter: documentOf("a"),
  longer: JSON.stringify(JSON.parse(documentOf("a", { mcpOAuth: {} })), null, 8),
};

for (const [length, old] of Object.entries(olds)) {
  traced.it(
    `survives a kill anywhere in a write in place over a ${length} document, the journal holding ours`,
    async () => {
      const state = join(root, "state");
      const mode: WriteMode = "in-place";
      const order = { path, mode, state, steps: ["journal:bbbb", "write:bbbb"] };
      const kills = ["pwrite64:signal=KILL:when=1", "ftruncate:signal=KILL:when=1"];
      if (length === "shorter") kills.push("pwrite64:signal=KILL:when=2");
      for (const kill of kills) {
        await writeFile(path, old);
        expect(await underStrace(order, kill), kill).toBeNull();
        expect(["a", "bbbb"], kill).toContain(await tag());
        const journal = await readFile(join(state, "journal", "default.json"), "utf8");
        expect(journal).toContain("sk-ant-ort01-TEST-bbbb");
        expect(await carryOut(order)).toMatchObject({ steps: ["ok", "written"], tag: "bbbb" });
      }
    },
    60_000,
  );

  traced.it(
    `puts the old document back after an error in place over a ${length} one`,
    async () => {
      const order = { path, mode: "in-place", steps: ["write:bbbb"] } as const;
      const faults = ["pwrite64:error=ENOSPC:when=1", "ftruncate:error=EIO:when=1"];
      if (length === "shorter") faults.push("pwrite64:error=EIO:when=2");
      faults.push("fsync:error=EIO:when=1");
      for (const fault of faults) {
        await writeFile(path, old);
        const report = await underStrace(order, fault);
        expect(report?.steps[0], fault).toMatch(/^cannot_persist: .*E(NOSPC|IO): /);
        expect(report?.text, fault).toBe(old);
      }
    },
    60_000,
  );
}
