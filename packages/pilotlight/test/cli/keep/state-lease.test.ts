import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stateLease } from "../../../src/cli/keep/state-lease.ts";
import { systemClock } from "../../../src/cli/system-clock.ts";

let state: string;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "pilotlight-lease-"));
});

afterEach(() => {
  rmSync(state, { recursive: true, force: true });
});

const lease = (login = "bot") => stateLease(state, login, systemClock);

describe("the lease of a login", () => {
  it("belongs to one at a time, and to whoever has it as often as he asks", async () => {
    const [first, second] = [lease(), lease()];
    expect(await first.take()).toBe(true);
    expect(await second.take()).toBe(false);
    expect(await first.take()).toBe(true);
    first.release();
    expect(await second.take()).toBe(true);
    expect(await first.take()).toBe(false);
    second.release();
    expect(existsSync(join(state, "keepers", "bot.lock"))).toBe(false);
  });

  it("is one for each login", async () => {
    const [one, other] = [lease("one"), lease("other")];
    expect([await one.take(), await other.take()]).toEqual([true, true]);
    one.release();
    other.release();
  });

  it("of a process that was killed can be had at once", async () => {
    const place = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    const code = `
      import { stateLease } from ${JSON.stringify(place("../../../src/cli/keep/state-lease.ts"))};
      import { systemClock } from ${JSON.stringify(place("../../../src/cli/system-clock.ts"))};
      if (await stateLease(${JSON.stringify(state)}, "bot", systemClock).take()) process.kill(process.pid, "SIGKILL");`;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", code], { env: {} });
    expect(ended.signal).toBe("SIGKILL");
    expect(existsSync(join(state, "keepers", "bot.lock"))).toBe(true);
    const next = lease();
    expect(await next.take()).toBe(true);
    next.release();
  });

  it("where none can be made keeps nobody from keeping", async () => {
    writeFileSync(join(state, "file"), "");
    const nowhere = stateLease(join(state, "file"), "bot", systemClock);
    expect(await nowhere.take()).toBe(true);
    nowhere.release();
  });
});
