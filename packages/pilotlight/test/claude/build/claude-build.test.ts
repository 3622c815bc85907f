import { chmodSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Rehearsal } from "../../../src/claude/build/build-memory.ts";
import {
  isolates,
  type RehearsedClaude,
  rehearsedClaude,
} from "../../../src/claude/build/claude-build.ts";
import { recalledBuild } from "../../../src/claude/build/recalled-build.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

const START = Date.UTC(2026, 10, 20);
const MINUTE = 60_000;

let home: IsolatedHome;
let memoryFile: string;
let file: string;
let rehearsed: number;
let verdict: Pick<Rehearsal, "command" | "detail">;

beforeEach(() => {
  home = isolatedHome();
  memoryFile = join(home.stateDir, "builds.json");
  file = join(home.home, "claude");
  writeFileSync(file, "\x7fELF one");
  chmodSync(file, 0o755);
  rehearsed = 0;
  verdict = { command: "mcp-list", detail: "stored" };
});
afterEach(() => home.cleanup());

function identify(now = START, argv: readonly [string, ...string[]] = [file]) {
  return rehearsedClaude(
    { argv, files: [file] },
    {
      memoryFile,
      files: durableFiles(),
      env: home.env,
      now,
      rehearse: async () => {
        rehearsed += 1;
        return { ...verdict, at: now };
      },
    },
  );
}

const refusal = expect.objectContaining({ code: "cli_refused" });

it("rehearses a build once, and remembers the command", async () => {
  const first = await identify();
  const again = await identify(START + 1000 * 24 * 60 * MINUTE);
  expect(first).toEqual<RehearsedClaude>({ argv: [file], build: first.build, command: "mcp-list" });
  expect(first.build).toMatch(/^[0-9a-f]{16}$/);
  expect(again).toEqual(first);
  expect(rehearsed).toBe(1);
});

it("does not read a file again whose stamp is the same", async () => {
  const { build } = await identify();
  const memory = JSON.parse(readFileSync(memoryFile, "utf8"));
  const other = { ...memory.files[file], hash: "0".repeat(64) };
  writeFileSync(memoryFile, JSON.stringify({ ...memory, files: { [file]: other } }));
  expect((await identify()).build).not.toBe(build);
});

it("knows a build again that was only touched", async () => {
  const { build } = await identify();
  utimesSync(file, 1, 1);
  expect((await identify()).build).toBe(build);
  expect(rehearsed).toBe(1);
  // And keeps the new stamp.
  expect(readFileSync(memoryFile, "utf8")).toContain(":1000000000");
});

it("rehearses another build, and still knows the first", async () => {
  const first = await identify();
  writeFileSync(file, "\x7fELF two");
  verdict = { command: "prompt", detail: "stored" };
  expect(await identify()).toMatchObject({ command: "prompt" });
  expect(rehearsed).toBe(2);
  writeFileSync(file, "\x7fELF one");
  expect(await identify()).toEqual(first);
  expect(rehearsed).toBe(2);
});

it("asks a shell wrapper for the version behind it", async () => {
  const version = join(home.home, "version");
  writeFileSync(version, "2.1.216");
  writeFileSync(file, `#!/bin/sh\n[ "$1" = --version ] && cat "${version}"\n`);
  const first = await identify();
  writeFileSync(version, "2.1.329");
  expect((await identify()).build).not.toBe(first.build);
  expect(rehearsed).toBe(2);
});

it("starts nothing that is no shell wrapper to learn what it is", async () => {
  const ran = join(home.home, "ran");
  writeFileSync(file, `#!/usr/bin/env node\nrequire("node:fs").writeFileSync("${ran}", "")\n`);
  await identify();
  expect(() => readFileSync(ran)).toThrow("ENOENT");
});

it("takes a wrapper that does not tell its version for the build it is", async () => {
  writeFileSync(file, "#!/bin/sh\nexit 1\n");
  const { build } = await identify();
  expect((await identify()).build).toBe(build);
});

it("refuses a build that stores nothing, for an hour, and then looks again", async () => {
  verdict = { command: null, detail: "mcp-list: the refresh was lost" };
  await expect(identify()).rejects.toThrowError(refusal);
  await expect(identify()).rejects.toThrowError("the refresh was lost");
  await expect(identify(START + 60 * MINUTE)).rejects.toThrowError(refusal);
  expect(rehearsed).toBe(1);
  verdict = { command: "prompt", detail: "stored" };
  expect(await identify(START + 60 * MINUTE + 1)).toMatchObject({ command: "prompt" });
  expect(rehearsed).toBe(2);
});

it("looks again too when the refusal comes from a clock that ran ahead", async () => {
  verdict = { command: null, detail: "no" };
  await expect(identify(START + 365 * 24 * 60 * MINUTE)).rejects.toThrowError(refusal);
  await expect(identify()).rejects.toThrowError(refusal);
  expect(rehearsed).toBe(2);
});

it.each([
  ["empty", ""],
  ["truncated", '{"schema":1,"files":{'],
  ["a list", "[]"],
  ["null", "null"],
  ["of another schema", '{"schema":2,"files":{},"rehearsals":{}}'],
  ["without its parts", '{"schema":1}'],
  ["of texts", '{"schema":1,"files":"x","rehearsals":"y"}'],
])("rehearses again when its memory is %s", async (_name, text) => {
  await identify();
  writeFileSync(memoryFile, text);
  expect(await identify()).toMatchObject({ command: "mcp-list" });
  expect(rehearsed).toBe(2);
  await identify();
  expect(rehearsed).toBe(2);
});

it.each([
  ["null", null],
  ["a text", "mcp-list"],
  ["of a command that no longer exists", { command: "auth-status", at: START, detail: "" }],
  ["of a command that every object has", { command: "toString", at: START, detail: "" }],
  ["without a time", { command: null, detail: "" }],
])("rehearses again when what it remembers of the build is %s", async (_name, remembered) => {
  const { build } = await identify();
  const memory = JSON.parse(readFileSync(memoryFile, "utf8"));
  writeFileSync(memoryFile, JSON.stringify({ ...memory, rehearsals: { [build]: remembered } }));
  expect(await identify()).toMatchObject({ command: "mcp-list" });
  expect(rehearsed).toBe(2);
});

it("says what it is in the message of a refusal", async () => {
  verdict = { command: null, detail: "no refresh started" };
  await expect(identify(START, [file, "--x"])).rejects.toThrowError(
    `${file} --x: no refresh started`,
  );
});

describe("whether a build can be isolated", () => {
  let does: boolean;
  beforeEach(() => {
    does = true;
  });

  function isolating(now = START) {
    return isolates(
      { argv: [file], files: [file] },
      {
        memoryFile,
        files: durableFiles(),
        env: home.env,
        now,
        rehearse: async () => {
          rehearsed += 1;
          return does;
        },
      },
    );
  }

  async function recalled() {
    const build = await recalledBuild({ argv: [file], files: [file] }, memoryFile);
    return build === "wrapper" ? build : build?.isolates;
  }

  it("is rehearsed once where it can", async () => {
    expect(await isolating()).toBe(true);
    does = false;
    expect(await isolating(START + 1000 * 24 * 60 * MINUTE)).toBe(true);
    expect(rehearsed).toBe(1);
    expect(await recalled()).toBe(true);
  });

  it("is rehearsed again an hour after it could not", async () => {
    does = false;
    expect(await isolating()).toBe(false);
    does = true;
    expect(await isolating(START + 60 * MINUTE)).toBe(false);
    expect([rehearsed, await recalled()]).toEqual([1, false]);
    expect(await isolating(START + 60 * MINUTE + 1)).toBe(true);
    expect([rehearsed, await recalled()]).toEqual([2, true]);
  });

  it("is rehearsed again where the no comes from a clock that ran ahead", async () => {
    does = false;
    await isolating(START + 365 * 24 * 60 * MINUTE);
    does = true;
    expect(await isolating()).toBe(true);
  });

  it.each<[string, unknown, boolean, number]>([
    ["a bare true", true, true, 1],
    ["a bare false", false, false, 2],
    ["a text", "true", false, 2],
    ["null", null, false, 2],
    ["without a time", { does: true }, false, 2],
  ])("is known or rehearsed when the memory has %s", async (_name, kept, answer, times) => {
    await isolating();
    const memory = JSON.parse(readFileSync(memoryFile, "utf8"));
    const [build = ""] = Object.keys(memory.isolations);
    writeFileSync(memoryFile, JSON.stringify({ ...memory, isolations: { [build]: kept } }));
    expect(await recalled()).toBe(kept === true ? true : null);
    does = false;
    expect(await isolating()).toBe(answer);
    expect(rehearsed).toBe(times);
  });

  it.each([null, "x", [true]])("is rehearsed when the memory has %j for all", async (kept) => {
    await isolating();
    const memory = JSON.parse(readFileSync(memoryFile, "utf8"));
    writeFileSync(memoryFile, JSON.stringify({ ...memory, isolations: kept }));
    does = false;
    expect(await isolating()).toBe(false);
  });
});
