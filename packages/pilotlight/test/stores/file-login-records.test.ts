import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { credentialsFile as format } from "../../src/claude/credentials-file.ts";
import { type Fingerprint, pairOf } from "../../src/core/credential.ts";
import type { LoginRecord } from "../../src/core/ports.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { fileLoginRecords } from "../../src/stores/file-login-records.ts";
import { removeOldTokens } from "../../src/stores/state/retention.ts";
import { generation } from "./fixtures/credentials.ts";

const DAY = 24 * 60 * 60 * 1000;
let root: string;
let now: number;

beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), "pilotlight-test-")), "state");
  now = 1_800_000_000_000;
});
afterEach(() => rm(join(root, ".."), { recursive: true, force: true }));

const open = () =>
  fileLoginRecords({
    directory: root,
    login: "default",
    format,
    files: durableFiles(),
    clock: { now: () => now },
  });
const recordPath = () => join(root, "logins", "default.json");
const generationPath = () => join(root, "journal", "default.generation.json");

const EMPTY: LoginRecord = { verdict: null, spent: [], generation: null, lifeLength: null };
const record = (more: Partial<LoginRecord> = {}): LoginRecord => ({
  verdict: { kind: "proved", access: "sha256:0badcafe", at: 1, by: "refresh" },
  spent: ["sha256:00000001"],
  generation: generation("a"),
  lifeLength: 28_800_000,
  ...more,
});

it("reads an empty record where there is none, and makes nothing by reading", async () => {
  expect(await open().read()).toEqual(EMPTY);
  await expect(stat(root)).rejects.toThrow("ENOENT");
});

it.each<Verdict | null>([
  null,
  { kind: "ended", refresh: "sha256:00000001", at: 5, code: "login_ended" },
  { kind: "rejected", access: "sha256:00000001", at: 5, by: "401" },
  { kind: "proved", access: "sha256:00000001", at: 5, by: "refresh" },
])("reads back what was written: %j", async (verdict) => {
  await open().write(record({ verdict }));
  const read = await open().read();
  expect({ ...read, generation: null }).toEqual(record({ verdict, generation: null }));
  expect(read.generation?.fields.reveal()).toEqual(generation("a").fields.reveal());
});

it("keeps tokens out of the file that hot commands read, and every file to this user", async () => {
  await open().write(record());
  expect(await readFile(recordPath(), "utf8")).not.toContain("TEST");
  expect(await readFile(generationPath(), "utf8")).toContain("TEST");
  for (const path of [recordPath(), generationPath()]) {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, ".."))).mode & 0o777).toBe(0o700);
  }
});

it.each(["missing", "torn", "of a newer version"])(
  "reads a record whose generation is %s",
  async (how) => {
    await open().write(record());
    if (how === "missing") await rm(generationPath());
    if (how === "torn") await writeFile(generationPath(), '{"schema":1,"cred');
    if (how === "of a newer version") await writeFile(generationPath(), '{"schema":2}');
    expect(await open().read()).toEqual(record({ generation: null }));
  },
);

it("forgets a generation 30 days after it was last seen, and not before", async () => {
  await open().write(record());
  now += 30 * DAY;
  expect((await open().read()).generation).not.toBeNull();
  now += 1;
  expect((await open().read()).generation).toBeNull();
  await open().write(await open().read());
  await expect(stat(generationPath())).rejects.toThrow("ENOENT");
});

it("counts a generation as seen whenever it is written again", async () => {
  await open().write(record());
  now += 20 * DAY;
  await open().write(record());
  now += 20 * DAY;
  expect((await open().read()).generation).not.toBeNull();
});

it("leaves the generation's file alone while nothing about it is new", async () => {
  await open().write(record());
  const before = (await stat(generationPath())).ino;
  now += DAY / 2;
  await open().write(record({ verdict: null }));
  expect((await stat(generationPath())).ino).toBe(before);
  await open().write(record({ generation: generation("b") }));
  const { generation: read } = await open().read();
  expect(read && pairOf(read)).toEqual(pairOf(generation("b")));
});

it("has a login's old generation removed when asked, whatever becomes of the login", async () => {
  await open().write(record());
  await removeOldTokens(root, now + 30 * DAY);
  await stat(generationPath());
  await removeOldTokens(root, now + 30 * DAY + 1);
  await expect(stat(generationPath())).rejects.toThrow("ENOENT");
  await stat(recordPath());
});

it("remembers the newest 256 spent tokens", async () => {
  const spent = Array.from(
    { length: 300 },
    (_, i): Fingerprint => `sha256:${i.toString(16).padStart(8, "0")}`,
  );
  await open().write(record({ spent }));
  expect((await open().read()).spent).toEqual(spent.slice(44));
});

it("reads a torn record as an empty one, and keeps it aside at the next write", async () => {
  await open().write(record());
  await writeFile(recordPath(), '{"schema":1,"verd');
  expect(await open().read()).toEqual({ ...EMPTY, generation: expect.anything() as unknown });
  await open().write(record());
  const aside = await readdir(join(root, "journal", "archive"));
  expect(aside).toEqual([`default-record-${now}-corrupt.json`]);
  expect(await open().read()).toEqual({ ...record(), generation: expect.anything() as unknown });
});

it("ignores fields that are not what they should be", async () => {
  await open().write(record());
  const odd = { schema: 1, verdict: { kind: "ended", at: 1 }, spent: [1, "x"], lifeLength: "8h" };
  await writeFile(recordPath(), JSON.stringify(odd));
  expect({ ...(await open().read()), generation: null }).toEqual(EMPTY);
});

it("refuses the record of a newer version and leaves it alone", async () => {
  await open().write(record());
  await writeFile(recordPath(), '{"schema":2}');
  await expect(open().read()).rejects.toMatchObject({ code: "state_newer" });
  await expect(open().write(record())).rejects.toMatchObject({ code: "state_newer" });
  expect(await readFile(recordPath(), "utf8")).toBe('{"schema":2}');
});
