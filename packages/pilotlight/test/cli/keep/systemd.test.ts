import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished } from "vitest";
import { systemd } from "../../../src/cli/keep/systemd.ts";
import { needs } from "../../support/needs.ts";

const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", "|"), flush=True)
`;

/** What systemd is on the other end of the socket: it reads datagrams. */
async function listening() {
  const folder = mkdtempSync(join(tmpdir(), "pilotlight-notify-"));
  const path = join(folder, "socket");
  const listener = spawn("python3", ["-c", LISTENER, path], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => {
    listener.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const heard: string[] = [];
  createInterface(listener.stdout).on("line", (line) => {
    // What systemd-notify waits for; whoever reads it and drops its descriptor has answered.
    if (line !== "BARRIER=1") heard.push(line);
  });
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual(["bound"]);
  heard.length = 0;
  return { path, heard };
}

const PATH = "/usr/bin:/bin";

const { it } = needs("python3", "systemd-notify");

describe("a service manager", () => {
  it("hears what it is told, in order", async () => {
    const { path, heard } = await listening();
    const manager = systemd({ PATH, NOTIFY_SOCKET: path, WATCHDOG_USEC: "60000000" });
    expect(manager.watchdogEvery).toBe(20_000);
    manager.ready("1 kept, all well");
    manager.alive();
    manager.reloading();
    manager.ready("2 kept");
    manager.stopping("ending");
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(5);
    expect(heard).toEqual([
      "READY=1|STATUS=1 kept, all well",
      "WATCHDOG=1",
      expect.stringMatching(/^RELOADING=1\|MONOTONIC_USEC=\d+$/),
      "READY=1|STATUS=2 kept",
      "STOPPING=1|STATUS=ending",
    ]);
  });

  it("that is none is told nothing, and waits for no sign of life", () => {
    const manager = systemd({ PATH, WATCHDOG_USEC: "60000000" });
    expect(manager.watchdogEvery).toBeNull();
    manager.ready("nobody hears this");
  });

  it("that waits for another process's signs of life gets none of ours", () => {
    const other = { PATH, NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: "1", WATCHDOG_PID: "1" };
    expect(systemd(other).watchdogEvery).toBeNull();
  });

  it("whose program is missing stops nothing", async () => {
    const manager = systemd({ PATH: "/nowhere", NOTIFY_SOCKET: "/nowhere" });
    manager.ready("nobody hears this");
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
});
