import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHook } from "../../src/notify/hook.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pilotlight-hook-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ENV = { PATH: "/usr/bin:/bin", TEST_OTHER: "kept" };
const CALL = { event: "failed", login: "bot", code: "login_ended" } as const;
const line = () =>
  `echo "$PILOTLIGHT_EVENT $PILOTLIGHT_LOGIN $PILOTLIGHT_CODE $TEST_OTHER" > ${folder}/told`;
const told = () => readFileSync(join(folder, "told"), "utf8");

describe("a hook", () => {
  it("as a line is run by the shell and told what happened", async () => {
    expect(await runHook(line(), CALL, ENV)).toBeNull();
    expect(told()).toBe("failed bot login_ended kept\n");
  });

  it("as words is run without a shell", async () => {
    expect(await runHook(["sh", "-c", line()], { ...CALL, code: null }, ENV)).toBeNull();
    expect(told()).toBe("failed bot  kept\n");
  });

  it.each([
    ["ends badly", "exit 3", "it ended with 3"],
    ["is killed", "kill -9 $$", "it ended with SIGKILL"],
  ])("that %s says so", async (_, command, why) => {
    expect(await runHook(command, CALL, ENV)).toBe(why);
  });

  it("whose program is missing says so", async () => {
    expect(await runHook(["/nowhere/program"], CALL, ENV)).toBe("ENOENT");
  });

  it("that goes on and on is ended with its children", async () => {
    const command = `sleep 60 & echo $! > ${folder}/told; wait`;
    expect(await runHook(command, CALL, ENV, 300)).toBe("it was still running after 0.3 s");
    const child = Number(told());
    await expect.poll(() => isAlive(child)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie that init has not collected yet is dead, too.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
