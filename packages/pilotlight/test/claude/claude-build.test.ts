import { chmodSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Rehearsal } from "../../src/claude/build/build-memory.ts";
import { type RehearsedClaude, rehearsedClaude } from "../../src/claude/build/claude-build.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";

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
