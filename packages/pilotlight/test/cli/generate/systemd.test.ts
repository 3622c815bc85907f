import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Installation } from "../../../src/cli/generate/installation.ts";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { unitCommand, unitWord } from "../../../src/cli/generate/service/unit-text.ts";
import { unitFile } from "../../../src/cli/doctor/service/unit-file.ts";
import { replaceSpecifiers } from "../../../src/cli/doctor/service/unit-specifiers.ts";
import { scanText } from "../../../src/cli/doctor/scan/scan-files.ts";
import { shortStops } from "../../../src/cli/doctor/scan/short-stops.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";
import { putLogin } from "../a-login.ts";
import { examine, put, putClaude, told } from "../doctor/an-examination.ts";
import { runHere } from "../run-here.ts";
import { anInstallation, AWKWARD } from "./an-installation.ts";

type What = "systemd" | "systemd-timer";
const MANAGERS = ["user", "system"] as const;
type Manager = (typeof MANAGERS)[number];
const CASES = (["systemd", "systemd-timer"] as const).flatMap((what) =>
  MANAGERS.map((manager) => [what, manager] as const),
);

const filesOf = (what: What, manager: Manager, fields: Partial<Installation> = {}) =>
  KINDS[what].make(anInstallation(fields), { isSystem: manager === "system", variant: null });
const serviceOf = (what: What, manager: Manager, fields: Partial<Installation> = {}) =>
  filesOf(what, manager, fields).files[0]?.text ?? "";

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

describe("a unit", () => {
  it.each(CASES)("of %s for the %s leaves a refresh its time", (what, manager) => {
    const { files } = filesOf(what, manager);
    const text = files[0]?.text ?? "";
    expect(text).toMatch(/^KillMode=mixed$/m);
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1])).toBeGreaterThan(150);
    const hits = (unit: string) => shortStops([scanText("a.service", unit)]);
    expect(hits(text)).toEqual([]);
    // Proof that it is looked at.
    expect(hits(text.replace("KillMode=mixed", "KillMode=control-group"))).toHaveLength(1);
    expect(hits(text.replace("TimeoutStopSec=200", "TimeoutStopSec=149"))).toHaveLength(1);
  });

  it("of the keeper is watched, restarted, and left alone where only a person helps", () => {
    const text = serviceOf("systemd", "user");
    const seconds = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, "m").exec(text)?.[1]);
    expect(seconds("WatchdogSec")).toBeGreaterThan(150);
    expect(seconds("TimeoutStartSec")).toBeGreaterThan(150);
    for (const line of [
      "Type=notify",
      "NotifyAccess=all",
      "ExecReload=/bin/kill -HUP $MAINPID",
      "Restart=on-failure",
      "RestartPreventExitStatus=77 78",
      "StartLimitIntervalSec=0",
      "MemoryDenyWriteExecute=no",
      "LimitCORE=0",
      "WantedBy=default.target",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });

  it("restarts ever more slowly where systemd can", () => {
    expect(serviceOf("systemd", "user", { systemd: 253 })).not.toContain("RestartSteps");
    expect(serviceOf("systemd", "user", { systemd: null })).not.toContain("RestartSteps");
    const text = serviceOf("systemd", "user", { systemd: 254 });
    expect(text).toContain("RestartSteps=6\nRestartMaxDelaySec=10min\n");
  });

  it("asks a user's manager for nothing that needs privileges", () => {
    const text = serviceOf("systemd", "user");
    expect(text).not.toMatch(/^(User|Protect\w+|Private\w+|ReadWritePaths|Capability\w+|Device)/m);
  });

  it("gives the system's service a user, and write access where a refresh writes", () => {
    const writable = ["/srv/bot", "/var/lib/pilotlight"];
    const text = serviceOf("systemd", "system", { writable });
    expect(text).toMatch(/^User=bot$/m);
    expect(text).toMatch(/^ReadWritePaths="\/srv\/bot" "\/var\/lib\/pilotlight"$/m);
    expect(text).toMatch(/^PrivateTmp=yes$/m);
    expect(text).toMatch(/^CapabilityBoundingSet=$/m);
    const root = serviceOf("systemd", "system", { user: "root" });
    expect(root).toMatch(/^CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER$/m);
    for (const inTmp of [{ home: "/tmp/x" }, { variables: { NODE_EXTRA_CA_CERTS: "/tmp/ca" } }]) {
      const open = serviceOf("systemd", "system", inTmp);
      expect(open).toMatch(/^PrivateTmp=no$/m);
      expect(open).toMatch(/^ReadWritePaths="\/home\/bot" "\/tmp"$/m);
    }
  });

  it("renews one login where one is named, from a timer that makes up for what was missed", () => {
    const [service, timer] = filesOf("systemd-timer", "user", { login: "bot" }).files;
    expect(service?.text).toContain('"refresh" "--login" "bot"\n');
    expect(service?.text).toMatch(/^TimeoutStartSec=30min$/m);
    expect(timer?.text).toContain("OnCalendar=*:0/15\n");
    expect(timer?.text).toContain("Persistent=true\n");
    expect(timer?.text).toMatch(/^RandomizedDelaySec=/m);
  });

  it("says what to type", () => {
    expect(filesOf("systemd", "user").notes.join("\n")).toContain("loginctl enable-linger bot");
    const far = { isStateThere: false, writable: ["/home/bot", "/s t"], stateDir: "/s t" };
    expect(filesOf("systemd", "system", far).notes[0]).toBe(
      "first: install -d -m 700 -o bot '/s t'",
    );
    expect(filesOf("systemd", "system", { user: "root" }).notes.join()).toContain("runs as root");
    const path = filesOf("systemd", "user", { variables: { XDG_CONFIG_HOME: "/c" } }).files[0]
      ?.path;
    expect(path).toBe("/c/systemd/user/pilotlight.service");
  });
});

describe("an awkward path", () => {
  it("comes back from a unit as it was", () => {
    const command = unitCommand(["/a b/100%/node", AWKWARD.replace("$", "")]);
    const text = `ExecStart=${command}\nX=${unitWord(AWKWARD)}\n`;
    const system = { isUser: false, user: "root", uid: 0, home: "/root" };
    const file = unitFile([text], (value) => replaceSpecifiers(value, "a.service", system));
    expect(file.words("X")).toEqual([[AWKWARD]]);
    expect(file.words("ExecStart")).toEqual([["/a b/100%/node", AWKWARD.replace("$", "")]]);
    expect(unitCommand(["/n", "$a"])).toBe('"/n" "$$a"');
    expect(unitCommand([`/"/n`, "a"])).toBe(String.raw`"/usr/bin/env" "/\"/n" "a"`);
  });
});

/** With paths that exist: systemd looks for the programs. */
function madeReal(root: string): Partial<Installation> {
  const folder = join(root, AWKWARD);
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, join(folder, "node"));
  const place = { home: folder, writable: [folder], stateDir: folder, path: `${folder}:/bin` };
  const variables = { CLAUDE_CONFIG_DIR: `${folder}/.claude` };
  return { ...place, node: join(folder, "node"), variables, user: userInfo().username };
}

needs("systemd-analyze").describe("systemd itself", () => {
  const analyze = (...argv: string[]) =>
    spawnSync("systemd-analyze", argv, {
      encoding: "utf8",
      env: { ...home.env, XDG_RUNTIME_DIR: home.home },
    });

  it.each(CASES.flatMap((one) => [[...one, false] as const, [...one, true] as const]))(
    "has nothing to say of %s for the %s (awkward paths: %s)",
    (what, manager, isAwkward) => {
      const real = { node: process.execPath, user: userInfo().username };
      const { files } = filesOf(what, manager, isAwkward ? madeReal(home.home) : real);
      const paths = files.map(({ path, text }) => put(home, path.replace(/.*\//, ""), text));
      const own = manager === "user" ? ["--user"] : [];
      const { status, stdout, stderr } = analyze(...own, "verify", ...paths);
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
    },
    30_000,
  );

  it("looks for the program under its awkward name", () => {
    const node = join(home.home, "a b$c 100%d", "node-not-there");
    const path = put(home, "b.service", serviceOf("systemd", "user", { node }));
    expect(analyze("--user", "verify", path).stderr).toContain(`${node} is not executable`);
  });

  it.each([
    ["system", 2],
    ["user", 7],
  ] as const)("finds the %s's service exposed to less than %d.0", (manager, most) => {
    const path = put(home, "pilotlight.service", serviceOf("systemd", manager));
    const { stdout } = analyze("security", "--offline=true", path);
    expect(Number(/Overall exposure level.*: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(most);
  });
});

describe("doctor --as-service", () => {
  it.each(CASES)("finds nothing wrong with our %s for the %s", async (what, manager) => {
    const root = join(home.home, "a b's 100%d");
    const configDir = join(root, ".claude");
    mkdirSync(configDir, { recursive: true });
    putLogin(configDir);
    putClaude(home);
    writeFileSync(join(root, "config.toml"), "");
    const env = {
      HOME: root,
      CLAUDE_CONFIG_DIR: configDir,
      PILOTLIGHT_CONFIG: join(root, "config.toml"),
      PATH: `${home.home}/bin:${home.env["PATH"] ?? ""}`,
    };
    const folder = manager === "user" ? join(root, ".config/systemd/user") : join(root, "etc");
    const argv = ["generate", what, "--out", `${folder}/`];
    if (manager === "system") argv.push("--system");
    expect(await runHere(argv, { ...home.env, ...env })).toMatchObject({ exit: 0 });
    const name = what === "systemd" ? "pilotlight.service" : "pilotlight-refresh.service";
    const options = { service: join(folder, name), env };
    expect(told(await examine(home, "service-environment", options))).toMatch(/^ok: .*same store$/);
  });
});

it("starts Pilotlight with the Node and the launcher that it names", async () => {
  const { out } = await runHere(["generate", "systemd"], home.env);
  const [words = []] = unitFile([out], (text) => text).words("ExecStart");
  const [node = "", script = "", ...rest] = words;
  expect(rest).toEqual(["keep"]);
  const version = execFileSync(node, [script, "--version"], { env: home.env, encoding: "utf8" });
  expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
});
