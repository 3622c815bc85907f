import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  isLivingProcess,
  processesIn,
  startTicksOf,
  startOfProcess,
} from "../../../src/claude/locking/living-process.ts";
import { needs } from "../../support/needs.ts";

const linux = needs("linux");

async function sleeper(cwd = tmpdir()) {
  const child = spawn("sleep", ["60"], { cwd, stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  return { child, pid: child.pid ?? 0 };
}

describe("isLivingProcess", () => {
  it("says yes for a living process, with and without its start time", async () => {
    const { pid } = await sleeper();
    expect(isLivingProcess(pid, startOfProcess(pid))).toBe(true);
    expect(isLivingProcess(pid, null)).toBe(true);
  });

  it("says no once the process has ended", async () => {
    const { child, pid } = await sleeper();
    const startedAt = startOfProcess(pid) ?? "";
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isLivingProcess(pid, startedAt)).toBe(false);
    expect(isLivingProcess(pid, null)).toBe(false);
    expect(startOfProcess(pid)).toBeNull();
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 31])("says no for the pid %s", (pid) => {
    expect(isLivingProcess(pid, null)).toBe(false);
  });

  linux.it("says no for a later process with the same pid", () => {
    const start = startOfProcess(process.pid);
    const ticks = startTicksOf(process.pid);
    expect(start).toContain(`:${ticks}`);
    expect(isLivingProcess(process.pid, start)).toBe(true);
    expect(isLivingProcess(process.pid, ticks)).toBe(true);
    expect(isLivingProcess(process.pid, `${Number(ticks) - 1}`)).toBe(false);
    expect(isLivingProcess(process.pid, `another-boot:${ticks}`)).toBe(false);
    expect(isLivingProcess(process.pid, "")).toBe(false);
  });

  linux.it("says no for a zombie", async () => {
    // The shell becomes `sleep`, which never reaps the child it inherits.
    const shell = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void shell.kill("SIGKILL"));
    const [printed] = (await once(shell.stdout, "data")) as [Buffer];
    const pid = Number(printed.toString().trim());
    await expect.poll(() => stateOf(pid)).toBe("Z");
    expect(isLivingProcess(pid, null)).toBe(false);
  });

  linux.it("reads the start of a process whose name looks like a stat line", async () => {
    const dir = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const odd = join(dir, "a) Z 1 2 (");
    symlinkSync("/bin/sleep", odd);
    const child = spawn(odd, ["60"], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    await expect.poll(() => readFileSync(`/proc/${pid}/comm`, "utf8")).toContain("a) Z");
    expect(isLivingProcess(pid, startOfProcess(pid) ?? "none")).toBe(true);
    expect(startTicksOf(pid)).toMatch(/^\d{3,}$/);
  });
});

describe("processesIn", () => {
  linux.it("finds the processes whose working directory it is, by whatever path", async () => {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    mkdirSync(join(dir, "stage"));
    symlinkSync(join(dir, "stage"), join(dir, "link"));
    expect(processesIn(join(dir, "stage"))).toEqual([]);
    const { pid } = await sleeper(join(dir, "stage"));
    const above = await sleeper(dir);
    expect(processesIn(join(dir, "stage"))).toEqual([pid]);
    expect(processesIn(join(dir, "link"))).toEqual([pid]);
    expect(processesIn(dir)).toEqual([above.pid]);
    expect(processesIn(join(dir, "missing"))).toEqual([]);
  });
});

function stateOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0];
}
