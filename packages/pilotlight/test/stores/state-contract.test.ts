import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsFile as format } from "../../src/claude/credentials-file.ts";
import { type Fingerprint, pairOf } from "../../src/core/credential.ts";
import type { Journal, JournalRecord, LoginRecords } from "../../src/core/ports.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { fileJournal } from "../../src/stores/file-journal.ts";
import { fileLoginRecords } from "../../src/stores/file-login-records.ts";
import { emptyJournal, memoryJournal } from "../../src/stores/memory-journal.ts";
import { memoryLoginRecords } from "../../src/stores/memory-login-records.ts";
import { generation, pair } from "./fixtures/credentials.ts";

/** Opens both again and again on the same content, as process after process does. */
type Open = () => { readonly journal: Journal; readonly records: LoginRecords };

function inFiles(directory: string): Open {
  const clock = { now: Date.now };
  const parts = { directory, login: "default", format, files: durableFiles(), clock };
  return () => ({ journal: fileJournal(parts), records: fileLoginRecords(parts) });
}

function inMemory(): Open {
  const content = emptyJournal();
  const remembered = { record: null };
  return () => ({ journal: memoryJournal(content), records: memoryLoginRecords(remembered) });
}

describe.each(["files", "memory"])("journal and login records in %s", (where) => {
  let root: string;
  let open: Open;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "pilotlight-test-"));
    open = where === "files" ? inFiles(root) : inMemory();
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("give the last journal record to whoever opens it next, and none once it is cleared", async () => {
    const intent: JournalRecord = {
      step: "intent",
      from: pair("a"),
      driver: "endpoint",
      at: 5,
      process: null,
      issued: null,
      retried: true,
      wasRetried: false,
      code: null,
      detail: "x",
    };
    expect(await open().journal.read()).toBeNull();
    await open().journal.proveWritable();
    await open().journal.write(intent);
    expect(await open().journal.read()).toEqual(intent);
    await open().journal.write({ ...intent, step: "result", issued: generation("b") });
    const { issued } = (await open().journal.read()) ?? {};
    expect(issued && pairOf(issued)).toEqual(pair("b"));
    await open().journal.archive(generation("c"));
    expect(await open().journal.read()).toMatchObject({ step: "result" });
    await open().journal.clear();
    await open().journal.clear();
    expect(await open().journal.read()).toBeNull();
  });

  it("give the last login record, the generation too, and at first an empty one", async () => {
    const empty = { verdict: null, spent: [], generation: null, lifeLength: null };
    expect(await open().records.read()).toEqual(empty);
    const spent = Array.from(
      { length: 257 },
      (_, i): Fingerprint => `sha256:${String(i).padStart(8, "0")}`,
    );
    await open().records.write({ ...empty, spent, generation: generation("a"), lifeLength: 7 });
    const read = await open().records.read();
    expect(read).toMatchObject({ verdict: null, lifeLength: 7 });
    expect(read.spent).toEqual(spent.slice(1));
    expect(read.generation && pairOf(read.generation)).toEqual(pair("a"));
    await open().records.write(empty);
    expect(await open().records.read()).toEqual(empty);
  });
});
