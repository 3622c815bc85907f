import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { needs } from "../../support/needs.ts";
import { aMachine } from "./a-machine.ts";

const BIN = fileURLToPath(new URL("../../../bin/pilotlight.mjs", import.meta.url));

/** In a mount namespace of its own, whose /etc/systemd/system is empty and goes with it. */
const PLAY = `
set -eu
[ "$(readlink /proc/self/ns/mnt)" != "$(readlink /proc/1/ns/mnt)" ]
mount -t tmpfs tmpfs /etc/systemd/system
"$@" init --system
grep -H ^User= /etc/systemd/system/pilotlight.service
"$@" init && exit 9
"$@" uninstall --purge
ls -A /etc/systemd/system
`;

needs("linux", "root", "unshare").it("a service of the system comes and goes", () => {
  const machine = aMachine();
  const argv = ["--mount", "--propagation", "private", "sh", "-c", PLAY, "sh"];
  const { status, stdout, stderr } = spawnSync("unshare", [...argv, process.execPath, BIN], {
    env: machine.env,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, expect.stringContaining("uninstall first")]);
  expect(stdout).toContain("/etc/systemd/system/pilotlight.service:User=root");
  expect(stdout).toMatch(/History and state are gone\.\n$/);
  expect(machine.calls()).toContain("systemctl start --no-block pilotlight.service");
  expect(machine.calls().join("\n")).not.toContain("loginctl");
  expect([machine.has("active"), existsSync(machine.state)]).toEqual([false, false]);
});
