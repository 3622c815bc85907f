import { spawn } from "node:child_process";
import { describe, expect } from "vitest";
import { needs } from "../support/needs.ts";
import {
  bareEnvironment,
  COUNT_SIGNALS,
  isAlive,
  ON_TERMINAL,
  superviseArgv,
  until,
} from "./fixtures/supervised.ts";
import type { Options } from "./fixtures/supervise.ts";

type Step = ["see" | "type" | "kill", string] | ["wait", number];

interface Session {
  readonly output: string;
  readonly events: readonly string[];
  readonly pid: number;
}

const INHERIT: Options = { input: "inherit", output: "inherit" };
const terminal = needs("linux", "python3", "setpriv");
const counting = (wanted: number) => [process.execPath, COUNT_SIGNALS, String(wanted)];
const count = (text: string, part: string) => text.split(part).length - 1;

function onTerminal(options: Options, argv: string[], steps: Step[]): Promise<Session> {
  const args = [ON_TERMINAL, JSON.stringify(steps), ...superviseArgv(options, argv)];
  return new Promise((resolve, reject) => {
    const driver = spawn("python3", args, { env: bareEnvironment() });
    let [out, err] = ["", ""];
    driver.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    driver.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    driver.once("close", () => {
      if (err !== "") reject(new Error(err));
      else resolve(JSON.parse(out) as Session);
    });
  });
}

describe("a job on a terminal", () => {
  terminal.it("has the terminal itself on all three descriptors", async () => {
    const session = await onTerminal(
      INHERIT,
      ["sh", "-c", "for n in 0 1 2; do test -t $n && readlink /proc/$$/fd/$n; done; exit 7"],
      [],
    );
    const names = session.output.trim().split(/\s+/);
    expect(names).toHaveLength(3);
    expect(new Set(names).size).toBe(1);
    expect(names[0]).toMatch(/^\/dev\/pts\//);
    expect(session.events).toEqual(["exited 7"]);
  });

  terminal.it("gets a Ctrl-C once, and another once more", async () => {
    const session = await onTerminal(INHERIT, counting(2), [
      ["see", "ready"],
      ["type", "\u0003"],
      ["see", "got SIGINT"],
      ["wait", 0.3],
      ["type", "\u0003"],
    ]);
    expect(count(session.output, "got SIGINT")).toBe(2);
    expect(session.events).toEqual(["exited 3"]);
  });

  terminal.it("gets a Ctrl-C once with its output in a pipe too", async () => {
    const session = await onTerminal({ input: "inherit", output: "pass" }, counting(1), [
      ["see", "ready"],
      ["type", "\u0003"],
    ]);
    expect(count(session.output, "got SIGINT")).toBe(1);
    expect(session.events).toEqual(["exited 3"]);
  });

  terminal.it("ends by a Ctrl-C, and so do we, as the shell sees", async () => {
    const session = await onTerminal(
      INHERIT,
      ["sh", "-c", "echo ready; exec sleep 20"],
      [
        ["see", "ready"],
        ["type", "\u0003"],
      ],
    );
    expect(session.events).toEqual(["signalled SIGINT"]);
  });

  terminal.it("gets what was sent to us alone: TERM, HUP, USR1", async () => {
    const session = await onTerminal(INHERIT, counting(3), [
      ["see", "ready"],
      ["kill", "SIGUSR1"],
      ["see", "got SIGUSR1"],
      ["kill", "SIGHUP"],
      ["see", "got SIGHUP"],
      ["kill", "SIGTERM"],
    ]);
    for (const name of ["SIGUSR1", "SIGHUP", "SIGTERM"]) {
      expect(count(session.output, `got ${name}`)).toBe(1);
    }
    expect(session.events).toEqual(["exited 3"]);
  });

  terminal.it("gives the shell its terminal back when it stops itself, and goes on", async () => {
    const session = await onTerminal(
      INHERIT,
      ["sh", "-c", "echo ready; kill -STOP $$; echo back; exit 4"],
      [["see", "ready"]],
    );
    expect(session.output).toContain("back");
    expect(session.events).toEqual(["stopped", "exited 4"]);
  });

  terminal.it("stops by a Ctrl-Z, and goes on", async () => {
    const session = await onTerminal(
      INHERIT,
      ["sh", "-c", "echo ready; sleep 0.5; echo back; exit 4"],
      [
        ["see", "ready"],
        ["type", "\u001a"],
      ],
    );
    expect(session.output).toContain("back");
    expect(session.events).toEqual(["stopped", "exited 4"]);
  });

  terminal.it("does not stay behind when we are killed", async () => {
    const session = await onTerminal(
      INHERIT,
      ["sh", "-c", "echo pid=$$.; exec sleep 60"],
      [
        ["see", "pid="],
        ["wait", 0.2],
        ["kill", "SIGKILL"],
      ],
    );
    expect(session.events).toEqual(["signalled SIGKILL"]);
    const child = Number(/pid=(\d+)/.exec(session.output)?.[1]);
    expect(child).toBeGreaterThan(1);
    await until(() => !isAlive(child));
  });

  terminal.it("says itself when it cannot be started", async () => {
    const session = await onTerminal(INHERIT, ["no-such-program"], []);
    expect(session.output).toContain('there is no program "no-such-program"');
    expect(session.output).not.toContain("setpriv");
    expect(session.events).toEqual(["exited 127"]);
  });
});
