import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { credentialsFile as format } from "../../src/claude/credentials-file.ts";
import { pairOf } from "../../src/core/credential.ts";
import type { JournalRecord } from "../../src/core/ports.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { fileJournal } from "../../src/stores/file-journal.ts";
import { removeOldTokens, TOKEN_RETENTION } from "../../src/stores/state/retention.ts";
import { generation, pair } from "./fixtures/credentials.ts";

const DAY = 24 * 60 * 60 * 1000;
let root: string;
let now: number;

beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), "pilotlight-test-")), "state");
  now = 1_800_000_000_000;
});
afterEach(() => rm(join(root, ".."), { recursive: true, force: true }));

const open = (login = "default") =>
  fileJournal({
    directory: root,
    login,
    format,
    files: durableFiles(),
    clock: { now: () => now },
  });

const intent: JournalRecord = {
  step: "intent",
  from: pair("a"),
  driver: "cli",
  at: 1_800_000_000_000,
  process: { pid: 4711, startedAt: "8812" },
  issued: null,
  retried: false,
  wasRetried: false,
  code: null,
  detail: "",
};
const path = () => join(root, "journal", "default.json");

it("reads what was written, with the tokens, and nothing after it was cleared", async () => {
  const journal = open();
  await journal.write(intent);
  expect(await open().read()).toEqual(intent);
  await journal.write({ ...intent, step: "result", process: null, issued: generation("b") });
  const record = await open().read();
  expect(record).toMatchObject({ step: "result", from: pair("a"), process: null });
  expect(record?.issued?.fields.reveal()).toEqual(generation("b").fields.reveal());
  await journal.clear();
  expect(await open().read()).toBeNull();
  await journal.clear();
});

it("makes nothing by reading", async () => {
  expect(await open().read()).toBeNull();
  await expect(stat(root)).rejects.toThrow("ENOENT");
});

it("keeps its files 0600 in directories of 0700, and closes one that was open", async () => {
  await open().write(intent);
  await open().archive(generation("b"));
  expect((await stat(path())).mode & 0o777).toBe(0o600);
  for (const directory of ["", "journal", "journal/archive"]) {
    expect((await stat(join(root, directory))).mode & 0o777, directory).toBe(0o700);
  }
  const [name] = await readdir(join(root, "journal", "archive"));
  expect((await stat(join(root, "journal", "archive", name ?? ""))).mode & 0o777).toBe(0o600);
});

it("holds each login's journal by itself", async () => {
  await open("a").write(intent);
  expect(await open("b").read()).toBeNull();
});

it.each([
  ["cut off", (text: string) => text.slice(0, 40)],
  ["empty", () => ""],
  ["not an object", () => "[]"],
  ["of schema 0", (text: string) => text.replace('"schema":1', '"schema":0')],
  ["without a step", (text: string) => text.replace('"step"', '"stop"')],
  ["with a credential that is none", (text: string) => text.replace("claudeAiOauth", "x")],
])("reads a journal that is %s as in doubt, and never throws it away", async (_, spoil) => {
  await open().write({ ...intent, step: "result", issued: generation("b") });
  const spoilt = spoil(await readFile(path(), "utf8"));
  await writeFile(path(), spoilt);
  const record = await open().read();
  expect(record).toMatchObject({ step: "in_doubt", issued: null, retried: false });
  expect(record?.detail).toContain("cannot be understood");
  expect(record?.detail).not.toContain("TEST");
  expect(await readFile(path(), "utf8"), "reading moves nothing").toBe(spoilt);

  await open().clear();
  const aside = join(root, "journal", "archive", `default-${now}-corrupt.json`);
  expect(await readFile(aside, "utf8")).toBe(spoilt);
  expect(await open().read()).toBeNull();

  await writeFile(path(), spoilt);
  await open().write(intent);
  expect(await readFile(aside, "utf8")).toBe(spoilt);
  expect(await open().read()).toEqual(intent);
});

it("refuses the journal of a newer version and leaves it alone", async () => {
  await open().write(intent);
  const newer = (await readFile(path(), "utf8")).replace('"schema":1', '"schema":2');
  await writeFile(path(), newer);
  await expect(open().read()).rejects.toMatchObject({ code: "state_newer" });
  await expect(open().write(intent)).rejects.toMatchObject({ code: "state_newer" });
  await expect(open().clear()).rejects.toMatchObject({ code: "state_newer" });
  expect(await readFile(path(), "utf8")).toBe(newer);
});

it("archives a generation whole, and removes it after 30 days", async () => {
  const archive = join(root, "journal", "archive");
  await open().archive(generation("old"));
  const hex = pairOf(generation("old")).refresh?.replace("sha256:", "");
  expect(await readdir(archive)).toEqual([`default-${now}-${hex}.json`]);
  const kept = JSON.parse(await readFile(join(archive, `default-${now}-${hex}.json`), "utf8")) as {
    credential: string;
  };
  expect(format.parse(kept.credential)).toMatchObject({ state: "present" });

  now += 30 * DAY;
  await open("other").archive(generation("new"));
  expect(await readdir(archive)).toHaveLength(2);
  now += 1;
  await open("other").archive(generation("newer"));
  expect((await readdir(archive)).filter((name) => name.startsWith("default"))).toEqual([]);
});

it("removes old tokens of every login when asked, and nothing else", async () => {
  await open().write(intent);
  await open().archive(generation("old"));
  const archive = join(root, "journal", "archive");
  await writeFile(join(archive, "README"), "mine");
  await writeFile(join(archive, `default.spill-${now}.json`), "not understood");
  await removeOldTokens(root, now + TOKEN_RETENTION);
  expect(await readdir(archive)).toHaveLength(3);
  await removeOldTokens(root, now + TOKEN_RETENTION + 1);
  expect(await readdir(archive)).toEqual(["README"]);
  expect(await open().read()).toEqual(intent);
  await removeOldTokens(join(root, "nowhere"), now);
});

it("removes a sign-in that nobody stored, and leaves the stage of a refresh alone", async () => {
  const stages = ["default", "default.sign-in"].map((name) => join(root, "staging", name));
  for (const stage of stages) {
    await mkdir(stage, { recursive: true });
    await writeFile(join(stage, ".credentials.json"), "TEST");
    await writeFile(join(stage, ".claude.json"), "{}");
  }
  const at = Date.now();
  await removeOldTokens(root, at + TOKEN_RETENTION - 60_000);
  const left = () => Promise.all(stages.map(async (stage) => (await readdir(stage)).toSorted()));
  expect(await left()).toEqual(stages.map(() => [".claude.json", ".credentials.json"]));
  await removeOldTokens(root, at + TOKEN_RETENTION + 60_000);
  expect(await left()).toEqual([[".claude.json", ".credentials.json"], [".claude.json"]]);
});

it("says that a journal is there and cannot be read", async () => {
  await mkdir(join(root, "journal", "default.json"), { recursive: true });
  const unreadable = { code: "state_unreadable", message: expect.stringContaining("EISDIR") };
  await expect(open().read()).rejects.toMatchObject(unreadable);
});

it("proves that it can be written, and leaves nothing but its directory", async () => {
  await open().proveWritable();
  expect(await readdir(join(root, "journal"))).toEqual([]);
});

it("says what stands in the way of its directory", async () => {
  await writeFile(root, "a file where the state directory should be");
  await expect(open().proveWritable()).rejects.toMatchObject({ code: "cannot_persist" });
  await expect(open().write(intent)).rejects.toMatchObject({ code: "cannot_persist" });
  await expect(open().read()).rejects.toMatchObject({ code: "cannot_persist" });
});

it.each(["", ".", "..", "../x", "a/b", "a\\b", "-a", ".a", "é", "a b", "x".repeat(65), "a\n"])(
  "takes no login name that is no safe file name: %j",
  (login) => {
    expect(() => open(login)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  },
);

it.each(["a.generation", "a.spill", "NUL", "con.x"])(
  "takes no login name that means another file: %s",
  (login) => {
    expect(() => open(login)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  },
);

it.each(["default", "a", "A.b-c_9", "x".repeat(64)])("takes the login name %s", (login) => {
  expect(() => open(login)).not.toThrow();
});
