import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HistoryEntry } from "../../src/stores/history-entry.ts";
import { readHistory, recordHistory } from "../../src/stores/history.ts";
import { needs } from "../support/needs.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const DAY = 24 * 60 * 60 * 1000;
const ALL = { since: 0, limit: 1000 };

const entry = (more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  at: NOW,
  login: "default",
  kind: "run",
  code: "ok",
  exit: 0,
  durationMs: 1200,
  from: null,
  to: null,
  requestId: null,
  detail: null,
  ...more,
});

let root: string;
let stateDir: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  stateDir = join(root, "state");
});

afterEach(() => {
  chmodSync(root, 0o700);
  rmSync(root, { recursive: true, force: true });
});

const codesIn = async (more: object = {}) =>
  (await readHistory(stateDir, { ...ALL, ...more })).map(({ code }) => code);

describe("the history", () => {
  it("gives back what was recorded, newest first", async () => {
    const refresh = entry({
      at: NOW - 5000,
      kind: "refresh",
      code: "refreshed",
      exit: null,
      from: "sha256:11111111",
      to: "sha256:22222222",
      requestId: "req_TEST",
      detail: "by the keeper",
    });
    expect(await recordHistory(stateDir, [refresh, entry()])).toBe(true);
    expect(await readHistory(stateDir, ALL)).toEqual([entry(), refresh]);
  });

  it("is asked for one login, a span and a number of rows", async () => {
    await recordHistory(stateDir, [
      entry({ at: NOW - 2 * DAY, code: "a" }),
      entry({ at: NOW - DAY, code: "b", login: "ci" }),
      entry({ at: NOW, code: "c" }),
    ]);
    expect(await codesIn({ login: "default" })).toEqual(["c", "a"]);
    expect(await codesIn({ since: NOW - DAY })).toEqual(["c", "b"]);
    expect(await codesIn({ since: NOW - DAY + 1 })).toEqual(["c"]);
    expect(await codesIn({ limit: 1 })).toEqual(["c"]);
    expect(await codesIn({ login: "nobody' OR 1=1" })).toEqual([]);
  });

  it("keeps the newest rows, and none that is too old", async () => {
    const bounds = { rows: 3, age: DAY };
    const rows = ["a", "b", "c", "d", "e"].map((code, index) => entry({ code, at: NOW + index }));
    for (const row of rows) await recordHistory(stateDir, [row], bounds);
    expect(await codesIn()).toEqual(["e", "d", "c"]);
    await recordHistory(stateDir, [entry({ code: "f", at: NOW + 3 + DAY })], bounds);
    expect(await codesIn()).toEqual(["f", "e", "d"]);
    await recordHistory(stateDir, [entry({ code: "g", at: NOW + 10 * DAY })], bounds);
    expect(await codesIn()).toEqual(["g"]);
  });

  it("keeps a long detail in part", async () => {
    await recordHistory(stateDir, [entry({ detail: "x".repeat(100_000) })]);
    const [kept] = await readHistory(stateDir, ALL);
    expect(kept?.detail).toHaveLength(1000);
  });

  it("is for its owner only, and leaves one file", async () => {
    await recordHistory(stateDir, [entry()]);
    expect(readdirSync(stateDir)).toEqual(["history.db"]);
    expect(statSync(join(stateDir, "history.db")).mode & 0o777).toBe(0o600);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  });

  it("is empty where there is none, and reading makes nothing", async () => {
    expect(await readHistory(stateDir, ALL)).toEqual([]);
    expect(existsSync(stateDir)).toBe(false);
    mkdirSync(stateDir);
    writeFileSync(join(stateDir, "history.db"), "");
    expect(await readHistory(stateDir, ALL)).toEqual([]);
    expect(readdirSync(stateDir)).toEqual(["history.db"]);
  });

  it("takes the entries of many processes at once, each whole", async () => {
    const fixture = fileURLToPath(new URL("fixtures/record-history.ts", import.meta.url));
    const logins = ["a", "b", "c", "d"];
    const ran = await Promise.all(
      logins.map((login) =>
        promisify(execFile)(process.execPath, [fixture, stateDir, login, "20"], { env: {} }),
      ),
    );
    expect(ran.map(({ stdout }) => stdout)).toEqual(["20", "20", "20", "20"]);
    for (const login of logins) expect(await codesIn({ login })).toHaveLength(20);
  }, 60_000);
});

/** Everything of the state directory that a reading could change. */
const snapshot = () =>
  ["", ...readdirSync(stateDir).toSorted()].map((name) => {
    const { ino, mode, size, mtimeMs, ctimeMs } = statSync(join(stateDir, name));
    const bytes = name === "" ? "" : readFileSync(join(stateDir, name));
    const hash = createHash("sha256").update(bytes).digest("hex");
    // As root, SQLite gives what lies beside the database to the owner that it has already.
    const changed = /-(wal|shm)$/.test(name) ? "at any time" : ctimeMs;
    return { name, ino, mode, size, mtimeMs, changed, hash };
  });

/** Leaves what a writer leaves that is killed before its entry is in the database itself. */
async function killWriter(code: string): Promise<void> {
  const script = `const { DatabaseSync } = require("node:sqlite");
    new DatabaseSync(process.argv[1]).exec("INSERT INTO events (at, login, kind, code) VALUES (${NOW + 1}, 'default', 'run', '${code}')");
    process.kill(process.pid, "SIGKILL");`;
  const argv = ["-e", script, join(stateDir, "history.db")];
  await promisify(execFile)(process.execPath, argv, { env: {} }).catch(() => {});
}

describe("reading the history", () => {
  it("changes nothing and makes nothing", async () => {
    await recordHistory(stateDir, [entry()]);
    const before = snapshot();
    expect(await codesIn()).toEqual(["ok"]);
    expect(snapshot()).toEqual(before);
  });

  it("finds what a killed writer left beside the database, and leaves it there", async () => {
    await recordHistory(stateDir, [entry()]);
    await killWriter("late");
    const before = snapshot();
    expect(before.map(({ name, size }) => size > 0 && name)).toEqual([
      "",
      "history.db",
      "history.db-shm",
      "history.db-wal",
    ]);
    expect(await codesIn()).toEqual(["late", "ok"]);
    expect(snapshot()).toEqual(before);
    rmSync(join(stateDir, "history.db-shm"));
    expect(await codesIn()).toEqual(["ok"]);
    expect(readdirSync(stateDir)).not.toContain("history.db-shm");
    await recordHistory(stateDir, [entry({ code: "next" })]);
    expect(await codesIn()).toContain("late");
  });

  it("sees what a writer at work has written", async () => {
    await recordHistory(stateDir, [entry()]);
    const writer = new DatabaseSync(join(stateDir, "history.db"));
    const insert = writer.prepare(
      "INSERT INTO events (at, login, kind, code) VALUES (?, 'default', 'run', 'mine')",
    );
    try {
      insert.run(NOW + 1);
      expect(await codesIn()).toEqual(["mine", "ok"]);
    } finally {
      writer.close();
    }
    expect(await codesIn()).toEqual(["mine", "ok"]);
  });
});

describe("a history that is not as it should be", () => {
  const file = () => join(stateDir, "history.db");

  it("of a newer Pilotlight is neither read nor written", async () => {
    await recordHistory(stateDir, [entry()]);
    const database = new DatabaseSync(file());
    database.exec("PRAGMA user_version = 2");
    database.close();
    const before = readFileSync(file());
    expect(await recordHistory(stateDir, [entry()])).toBe(false);
    expect(readFileSync(file())).toEqual(before);
    await expect(readHistory(stateDir, ALL)).rejects.toMatchObject({ code: "state_newer" });
  });

  it("that is no database is set aside by the next entry, and said to be unreadable until then", async () => {
    mkdirSync(stateDir);
    writeFileSync(file(), "this is no database, and long enough to be looked at as one".repeat(50));
    await expect(readHistory(stateDir, ALL)).rejects.toMatchObject({
      code: "state_unreadable",
      message: expect.stringContaining("history.db"),
    });
    expect(await recordHistory(stateDir, [entry()])).toBe(true);
    expect(await codesIn()).toEqual(["ok"]);
    expect(readFileSync(`${file()}.corrupt`, "utf8")).toMatch(/^this is no database/);
  });

  it("that was cut off fails nobody", async () => {
    await recordHistory(
      stateDir,
      Array.from({ length: 200 }, () => entry({ detail: "x".repeat(500) })),
    );
    truncateSync(file(), 5000);
    await recordHistory(stateDir, [entry({ code: "first" })]);
    expect(await recordHistory(stateDir, [entry({ code: "second" })])).toBe(true);
    expect(await codesIn()).toContain("second");
  });

  it("whose place cannot be made fails nobody", async () => {
    writeFileSync(stateDir, "a file");
    expect(await recordHistory(stateDir, [entry()])).toBe(false);
    rmSync(stateDir);
    mkdirSync(file(), { recursive: true });
    expect(await recordHistory(stateDir, [entry()])).toBe(false);
  });

  it("that another writer keeps locked fails nobody", async () => {
    await recordHistory(stateDir, [entry()]);
    const holder = new DatabaseSync(file());
    holder.exec("BEGIN IMMEDIATE");
    try {
      expect(await recordHistory(stateDir, [entry({ code: "late" })])).toBe(false);
      expect(await codesIn()).toEqual(["ok"]);
    } finally {
      holder.exec("ROLLBACK");
      holder.close();
    }
    expect(await recordHistory(stateDir, [entry({ code: "now" })])).toBe(true);
  }, 30_000);

  needs("linux", "root", "unshare").it(
    "on a read-only mount is read, and not written",
    async () => {
      await recordHistory(stateDir, [entry()]);
      const fixture = fileURLToPath(new URL("fixtures/record-history.ts", import.meta.url));
      const reader = fileURLToPath(new URL("../../src/stores/history.ts", import.meta.url));
      const read = `import { readHistory } from ${JSON.stringify(reader)};
      process.stdout.write(String((await readHistory(${JSON.stringify(stateDir)}, { since: 0, limit: 9 })).length));`;
      const script = `mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" &&
      "$2" "$3" "$1" default 1 && echo && "$2" --input-type=module-typescript -e "$4"`;
      const { stdout } = await promisify(execFile)(
        "unshare",
        ["-m", "sh", "-c", script, "sh", stateDir, process.execPath, fixture, read],
        { env: { PATH: process.env["PATH"] ?? "" } },
      );
      expect(stdout.split("\n")).toEqual(["0", "1"]);
    },
  );

  needs("linux", "root").it("in a directory that its reader may not write is read", async () => {
    await recordHistory(stateDir, [entry()]);
    const reader = fileURLToPath(new URL("../../src/stores/history.ts", import.meta.url));
    const script = `process.setgid(65534); process.setuid(65534);
      const { readHistory } = await import(${JSON.stringify(reader)});
      const entries = await readHistory(process.argv[1], { since: 0, limit: 9 });
      process.stdout.write(entries.map(({ code }) => code).join());`;
    const read = async () => {
      for (const name of readdirSync(stateDir)) chmodSync(join(stateDir, name), 0o444);
      chmodSync(stateDir, 0o555);
      chmodSync(root, 0o755);
      const argv = ["--input-type=module-typescript", "-e", script, stateDir];
      return (await promisify(execFile)(process.execPath, argv, { env: {} })).stdout;
    };
    expect(await read()).toBe("ok");
    await killWriter("late");
    const held = () => snapshot().map(({ name, hash }) => [name, hash]);
    const before = held();
    expect(await read()).toBe("late,ok");
    expect(held()).toEqual(before);
  });
});
