import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exitStatusOf } from "../../src/child/child-end.ts";
import { needs } from "../support/needs.ts";
import { inBash, supervised, superviseArgv, superviseLine } from "./fixtures/supervised.ts";

const SIGNALS = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGILL",
  "SIGABRT",
  "SIGFPE",
  "SIGKILL",
  "SIGUSR1",
  "SIGSEGV",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGTERM",
] as const;

const onLinux = needs("linux", "prlimit");

describe("the end of a child is our end", () => {
  it.each([0, 1, 2, 42, 255])("exit code %i", async (code) => {
    const run = await supervised({}, ["sh", "-c", `exit ${code}`]);
    expect(run).toMatchObject({ code, signal: null });
  });

  for (const signal of SIGNALS) {
    onLinux.it(`death by ${signal}, which our parent sees as such`, async () => {
      const run = await supervised({}, ["sh", "-c", `echo out; kill -${signal.slice(3)} $$`]);
      expect(run).toMatchObject({ code: null, signal, stdout: Buffer.from("out\n") });
    });
  }

  it("with inherited descriptors too", async () => {
    const inherit = { input: "inherit", output: "inherit" } as const;
    expect(await supervised(inherit, ["sh", "-c", "exit 42"])).toMatchObject({ code: 42 });
    const run = await supervised(inherit, ["sh", "-c", "kill -TERM $$"]);
    expect(run).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  it("leaves a shared pipe blocking for the next command, also after a signal", async () => {
    const line = superviseLine({ output: "pass" }, `sh -c 'echo x; kill -TERM $$'`);
    const { stdout } = await inBash(`{ ${line}; cat /proc/self/fdinfo/1; } 2>/dev/null | cat`);
    const flags = Number.parseInt(/flags:\s*(\d+)/.exec(stdout)?.[1] ?? "", 8);
    expect(stdout).toContain("x\n");
    expect(flags & 0o4000).toBe(0);
  });

  needs("linux", "prlimit", "bash").it("dumps core once, which is the child's", async () => {
    if (!/^core$/m.test(readFileSync("/proc/sys/kernel/core_pattern", "utf8"))) return;
    const folder = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
    try {
      const dying = superviseLine({}, `sh -c 'kill -SEGV $$'`);
      await inBash(`ulimit -c unlimited; ${dying}; echo $?`, folder);
      const [core, ...more] = readdirSync(folder).filter((name) => name.startsWith("core"));
      expect(more).toEqual([]);
      // A core of Node is a hundred times as large as one of sh.
      expect(statSync(join(folder, core ?? "")).size).toBeLessThan(5_000_000);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  needs("linux", "root", "unshare").it("as process 1 of a container it is a status", async () => {
    const argv = superviseArgv({}, ["sh", "-c", "kill -TERM $$"]).map((word) => `'${word}'`);
    const { stdout } = await inBash(`unshare -pf ${argv.join(" ")}; echo "status $?"`);
    expect(stdout).toContain("status 143");
  });
});

describe("the exit status of an end", () => {
  it.each([
    [{ kind: "exited", code: 3 } as const, 3],
    [{ kind: "signalled", signal: "SIGTERM" } as const, 143],
    [{ kind: "not_started", reason: "not_found", message: "" } as const, 127],
    [{ kind: "not_started", reason: "not_executable", message: "" } as const, 126],
    [{ kind: "not_started", reason: "no_directory", message: "" } as const, 126],
    [{ kind: "not_started", reason: "failed", message: "" } as const, 126],
  ])("%j is %i", (end, status) => {
    expect(exitStatusOf(end)).toBe(status);
  });
});
