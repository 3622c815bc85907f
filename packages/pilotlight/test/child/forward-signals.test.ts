import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { forwardSignals } from "../../src/child/forward-signals.ts";
import { startChild } from "../../src/child/start-child.ts";
import { bareEnvironment, COUNT_SIGNALS, startSupervised, until } from "./fixtures/supervised.ts";

const counting = (wanted: number) => [process.execPath, COUNT_SIGNALS, String(wanted)];
const linesOf = (stdout: Buffer) => stdout.toString().trim().split("\n").slice(1);

describe("a signal to us, without a terminal", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const)(
    "%s reaches the child once, and we end as the child does",
    async (name) => {
      const job = startSupervised({}, counting(1));
      await job.seen("ready");
      job.process.kill(name);
      const run = await job.finished;
      expect(linesOf(run.stdout)).toEqual([`got ${name} 1`]);
      expect(run).toMatchObject({ code: 3, signal: null });
      expect(run.report?.received).toEqual([name]);
    },
  );

  it("is forwarded a second time too", async () => {
    const told = ["got SIGTERM 1", "got SIGTERM 1", "got SIGINT 1"];
    const job = startSupervised({}, counting(3));
    await job.seen("ready");
    for (const [index, name] of (["SIGTERM", "SIGTERM", "SIGINT"] as const).entries()) {
      job.process.kill(name);
      await job.seen(told.slice(0, index + 1).join("\n"));
    }
    const run = await job.finished;
    expect(linesOf(run.stdout)).toEqual(told);
    expect(run.report?.received).toEqual(["SIGTERM", "SIGTERM", "SIGINT"]);
  });

  it("to the whole group is not lost", async () => {
    const job = startSupervised({}, counting(1));
    await job.seen("ready");
    process.kill(-(job.process.pid ?? 0), "SIGTERM");
    const run = await job.finished;
    expect(linesOf(run.stdout)).toContain("got SIGTERM 1");
    expect(run).toMatchObject({ code: 3, signal: null });
  });

  it("that ends the child ends us in the same way", async () => {
    const job = startSupervised({}, ["sh", "-c", "echo ready; exec sleep 20"]);
    await job.seen("ready");
    job.process.kill("SIGTERM");
    expect(await job.finished).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  it("that the child ignores does not end us before it", async () => {
    const deaf = "trap '' TERM; echo ready; read x; echo $x; exit 5";
    const job = startSupervised({}, ["sh", "-c", deaf]);
    await job.seen("ready");
    job.process.kill("SIGTERM");
    job.process.stdin?.write("on\n");
    await job.seen("on");
    expect(await job.finished).toMatchObject({ code: 5, signal: null });
  });

  it("forbids a repeat", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
    const tapped = join(folder, "tapped");
    const job = startSupervised({ hold: true, repeat: true, tapped }, counting(1));
    await until(() => existsSync(tapped));
    job.process.kill("SIGTERM");
    const run = await job.finished;
    rmSync(folder, { recursive: true, force: true });
    expect(linesOf(run.stdout)).toEqual(["got SIGTERM 1"]);
  });

  it("does not wait for a reader that has stopped reading", async () => {
    const job = startSupervised({}, ["sh", "-c", "echo ready; exec cat /dev/zero"]);
    await job.seen("ready");
    job.process.stdout?.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    job.process.kill("SIGTERM");
    const exit = await new Promise((resolve) => {
      job.process.once("exit", (_code, signal) => resolve(signal));
    });
    expect(exit).toBe("SIGTERM");
    job.process.stdout?.resume();
    await job.finished;
  });
});

describe("signals while there is no child", () => {
  it("wait for the next one", async () => {
    const signals = forwardSignals();
    try {
      process.kill(process.pid, "SIGUSR2");
      await until(() => signals.received.length === 1);
      const child = await startChild({
        argv: [process.execPath, COUNT_SIGNALS, "2"],
        env: bareEnvironment(),
        cwd: "/",
        input: "inherit",
        output: "pass",
      });
      if (child.kind === "not_started" || child.stdout === null) throw new Error("no start");
      let told = "";
      child.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()));
      await until(() => told.includes("ready"));
      signals.aimAt(child);
      await until(() => told.includes("got SIGUSR2"));
      process.kill(process.pid, "SIGTERM");
      expect(await child.ended).toEqual({ kind: "exited", code: 3 });
      expect(told.match(/got \w+/g)).toEqual(["got SIGUSR2", "got SIGTERM"]);
      expect(signals.interruption.aborted).toBe(true);
    } finally {
      signals.stop();
    }
  });

  it("have their default back after stop", () => {
    const before = process.listenerCount("SIGTERM");
    forwardSignals().stop();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});
