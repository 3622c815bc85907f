import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { history, type HistoryFlags } from "../../src/cli/commands/history.ts";
import type { HistoryEntry } from "../../src/stores/history-entry.ts";
import { recordHistory } from "../../src/stores/history.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { needs } from "../support/needs.ts";

const BIN = fileURLToPath(new URL("../../bin/pilotlight.mjs", import.meta.url));
const HOUR = 60 * 60 * 1000;

const entry = (more: Partial<HistoryEntry>): HistoryEntry => ({
  at: Date.now() - HOUR,
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

let home: IsolatedHome;
let stateDir: string;

beforeEach(() => {
  home = isolatedHome();
  stateDir = join(home.stateDir, "pilotlight");
});

afterEach(() => home.cleanup());

async function run(flags: HistoryFlags = {}) {
  let [out, err] = ["", ""];
  const exit = await history(flags, {
    env: home.env,
    isTty: false,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { exit, out, err };
}

describe("pilotlight history", () => {
  it("says so when nothing is recorded", async () => {
    expect(await run()).toEqual({
      exit: 0,
      out: "Nothing is recorded in the last 7 days.\n",
      err: "",
    });
    expect((await run({ login: "ci", since: "2h" })).out).toBe(
      "Nothing is recorded for ci in the last 2 h 0 min.\n",
    );
  });

  it("prints a table, the newest first, each entry in one line", async () => {
    const at = Date.now() - 2 * HOUR;
    await recordHistory(stateDir, [
      entry({
        at,
        kind: "refresh",
        code: "refreshed",
        exit: null,
        durationMs: 65_000,
        from: "sha256:11111111",
        to: "sha256:22222222",
      }),
      entry({
        code: "auth_rejected",
        exit: 77,
        requestId: "req_TEST",
        detail: "first\nsec\u001B[2Jond",
      }),
    ]);
    const { out, exit } = await run();
    expect(exit).toBe(0);
    const [head, newest, older, ...rest] = out.split("\n");
    expect(head).toMatch(/^TIME \(UTC\) +LOGIN +WHAT +CODE +EXIT +TOOK +DETAIL$/);
    expect(newest).toMatch(/ run +auth_rejected +77 +1\.2 s +req_TEST {2}first sec\uFFFD\[2Jond$/);
    expect(older).toContain(new Date(at).toISOString().slice(0, 19).replace("T", " "));
    expect(older).toMatch(/ refresh +refreshed +1 min 5 s +sha256:11111111 → sha256:22222222$/);
    expect(rest).toEqual([""]);
  });

  it("prints one JSON document with times in ISO 8601", async () => {
    await recordHistory(stateDir, [entry({ at: Date.parse("2026-11-20T12:00:00Z"), code: "x" })]);
    const since = "36500d";
    const report = JSON.parse((await run({ json: true, since })).out);
    expect(report).toEqual({
      schema: "pilotlight.history/v1",
      generatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      entries: [
        {
          at: "2026-11-20T12:00:00.000Z",
          login: "default",
          kind: "run",
          code: "x",
          exit: 0,
          durationMs: 1200,
          requestId: null,
          detail: null,
          fromFingerprint: null,
          toFingerprint: null,
        },
      ],
    });
  });

  it("keeps to the login, the span and the number asked for", async () => {
    await recordHistory(stateDir, [
      entry({ code: "older", at: Date.now() - 3 * HOUR }),
      entry({ code: "other", login: "ci" }),
      entry({ code: "newer" }),
    ]);
    const codes = async (flags: HistoryFlags) =>
      JSON.parse((await run({ ...flags, json: true })).out).entries.map(
        ({ code }: { code: string }) => code,
      );
    expect(await codes({ login: "default" })).toEqual(["newer", "older"]);
    expect(await codes({ since: "2h" })).toEqual(["newer", "other"]);
    expect(await codes({ limit: "1" })).toEqual(["newer"]);
  });

  it.each([{ since: "yesterday" }, { limit: "0" }, { limit: "many" }, { limit: "1.5" }])(
    "refuses %o",
    async (flags) => {
      await expect(run(flags)).rejects.toMatchObject({ code: "usage" });
    },
  );

  it("does not take a database that cannot be seen for none", async () => {
    await mkdir(stateDir);
    // Seen by nobody: it leads to itself.
    await symlink("history.db", join(stateDir, "history.db"));
    await expect(run()).rejects.toMatchObject({
      code: "state_unreadable",
      message: expect.stringMatching(/history\.db: ELOOP/),
    });
    expect(await recordHistory(stateDir, [entry({})])).toBe(false);
  });

  needs("linux", "root").it("nor one that belongs to somebody else", async () => {
    await recordHistory(stateDir, [entry({})]);
    for (const path of [join(home.home, ".."), home.home]) chmodSync(path, 0o755);
    for (const path of [".config", ".local", ".local/state"])
      chmodSync(join(home.home, path), 0o755);
    const options = {
      env: home.env,
      cwd: "/",
      uid: 65_534,
      gid: 65_534,
      encoding: "utf8",
    } as const;
    const argv = [BIN, "history"];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
      ...options,
      timeout: 20_000,
    });
    expect([status, stdout]).toEqual([78, ""]);
    expect(stderr).toMatch(/^pilotlight: state_unreadable: .*history\.db: EACCES/);
  });

  it("does not hide that the history cannot be read", async () => {
    mkdirSync(join(stateDir, "history.db"), { recursive: true });
    await expect(run()).rejects.toMatchObject({
      code: "state_unreadable",
      message: expect.stringMatching(/history\.db: /),
    });
  });
});
