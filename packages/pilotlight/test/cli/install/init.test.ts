import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { until } from "../../e2e/support/expectations.ts";
import { startPilotlight } from "../../e2e/support/pilotlight-process.ts";
import { needs } from "../../support/needs.ts";
import { putLogin } from "../a-login.ts";
import { runHere } from "../run-here.ts";
import { type AMachine, aMachine, treeOf } from "./a-machine.ts";

const KEY = { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-key" };

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Runs init, which has to end so and to leave everything as it was. */
async function leavesAll(
  machine: AMachine,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ readonly exit: number; readonly err: string }> {
  const before = treeOf(machine.home);
  const { exit, err } = await runHere(["init", ...args], { ...machine.env, ...env });
  expect(treeOf(machine.home)).toEqual(before);
  expect(machine.has("active")).toBe(false);
  expect(machine.has("linger")).toBe(false);
  return { exit, err };
}

needs("linux").describe("init", () => {
  it("installs and starts the unit that generate prints, and shows the status", async () => {
    const machine = aMachine();
    const { exit, out, err } = await runHere(["init"], machine.env);
    expect([exit, err]).toEqual([0, expect.stringContaining(`wrote ${machine.unit}`)]);
    expect(err).toContain("Claude Code uses claude-file here; billed: subscription");
    expect(out).toContain("default  fresh");
    const generated = await runHere(["generate", "systemd"], machine.env);
    expect(readFileSync(machine.unit, "utf8")).toBe(generated.out);
    expect([machine.has("active"), machine.has("linger")]).toEqual([true, true]);
    const record = JSON.parse(readFileSync(join(machine.state, "install.json"), "utf8"));
    expect(record).toMatchObject({ schema: 1, isSystem: false, doing: [] });
    expect(existsSync(machine.config)).toBe(false);
  });

  it("does nothing the second time, and updates a unit that differs", async () => {
    const machine = aMachine();
    await runHere(["init"], machine.env);
    const before = treeOf(machine.home);
    const again = await runHere(["init", "--json"], machine.env);
    expect(JSON.parse(again.out)).toMatchObject({
      schema: "pilotlight.init/v1",
      outcome: "unchanged",
      steps: [],
      status: { schema: "pilotlight.status/v1" },
    });
    expect(treeOf(machine.home)).toEqual(before);
    const updated = await runHere(["init", "--json"], { ...machine.env, PILOTLIGHT_LOG: "json" });
    expect(JSON.parse(updated.out)).toMatchObject({ outcome: "updated" });
    expect(readFileSync(machine.unit, "utf8")).toContain("PILOTLIGHT_LOG=json");
    expect(machine.calls()).toContain("systemctl restart pilotlight.service");
    await runHere(["uninstall", "--purge"], machine.env);
    expect(existsSync(machine.unit)).toBe(false);
  });

  it("puts the unit of before back where an update fails", async () => {
    const machine = aMachine();
    await runHere(["init"], machine.env);
    const before = treeOf(machine.home);
    machine.set("fail", "restart");
    const { exit } = await runHere(["init"], { ...machine.env, PILOTLIGHT_LOG: "json" });
    expect(exit).toBe(78);
    // The restart that undoing asks for fails, too: it is said, and kept for the next time.
    machine.unset("fail");
    expect((await runHere(["init"], machine.env)).exit).toBe(0);
    expect(treeOf(machine.home)).toEqual(before);
    expect(machine.has("active")).toBe(true);
  });

  it("starts nothing where that is not wanted", async () => {
    const machine = aMachine();
    expect((await runHere(["init", "--no-start"], machine.env)).exit).toBe(0);
    expect([machine.has("active"), existsSync(machine.unit)]).toEqual([false, true]);
  });

  it("names the command where lingering is not permitted", async () => {
    const machine = aMachine();
    machine.set("fail", "enable-linger");
    const { exit, err } = await runHere(["init"], machine.env);
    expect([exit, err]).toEqual([0, expect.stringContaining("loginctl enable-linger")]);
  });
});

needs("linux").describe("init leaves everything as it was", () => {
  it("without a login", async () => {
    const machine = aMachine();
    rmSync(join(machine.configDir, ".credentials.json"));
    const { exit, err } = await leavesAll(machine, []);
    expect([exit, err]).toEqual([66, expect.stringContaining("pilotlight login")]);
  });

  it("with a login that nothing renews", async () => {
    const machine = aMachine();
    putLogin(machine.configDir, { refreshToken: "", expiresAt: 1 });
    expect((await leavesAll(machine, [])).exit).toBeGreaterThanOrEqual(65);
  });

  it("where a key pays, which has no end", async () => {
    const { exit, err } = await leavesAll(aMachine(), ["--billing", "api"], KEY);
    expect([exit, err]).toEqual([0, expect.stringContaining("nothing was installed")]);
  });

  it("where a key shadows the login and nobody says who pays", async () => {
    const { exit, err } = await leavesAll(aMachine(), ["--yes"], KEY);
    expect([exit, err]).toEqual([64, expect.stringContaining("--billing")]);
  });

  it("without Claude Code", async () => {
    expect((await leavesAll(aMachine(), [], { PILOTLIGHT_CLAUDE: "/nowhere/claude" })).exit).toBe(
      78,
    );
  });

  it("where the port is taken", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    const { exit, err } = await leavesAll(aMachine(), [], {
      PILOTLIGHT_LISTEN: `127.0.0.1:${port}`,
    });
    server.close();
    expect([exit, err]).toEqual([78, expect.stringContaining("EADDRINUSE")]);
  });

  it("without a systemd that answers", async () => {
    const machine = aMachine();
    machine.set("fail", "show");
    const { exit, err } = await leavesAll(machine, []);
    expect([exit, err]).toEqual([78, expect.stringContaining("pilotlight generate systemd-timer")]);
    const none = await leavesAll(machine, [], { PATH: join(machine.home, "nothing") });
    expect([none.exit, none.err]).toEqual([
      78,
      expect.stringContaining("pilotlight generate cron"),
    ]);
  });

  it("where somebody else's unit has that name", async () => {
    const machine = aMachine();
    put(machine.unit, "[Service]\nExecStart=/bin/true\n");
    expect((await leavesAll(machine, [])).exit).toBe(64);
  });

  it.each(["enable", "start"])("where systemctl %s fails", async (word) => {
    const machine = aMachine();
    machine.set("fail", word);
    expect((await leavesAll(machine, [])).exit).toBe(78);
  });

  it("as soon as it can, where undoing fails, too", async () => {
    const machine = aMachine();
    const before = treeOf(machine.home);
    machine.set("fail", "daemon-reload");
    const { exit, err } = await runHere(["init"], machine.env);
    expect([exit, err]).toEqual([78, expect.stringContaining("pilotlight uninstall tries")]);
    machine.unset("fail");
    expect((await runHere(["uninstall", "--purge"], machine.env)).exit).toBe(0);
    expect(treeOf(machine.home)).toEqual(before);
  });

  it("where the keeper does not come up", async () => {
    const machine = aMachine();
    machine.set("dead");
    const { exit, err } = await leavesAll(machine, [], { PILOTLIGHT_LOG: "json" });
    expect([exit, err]).toEqual([78, expect.stringContaining("journalctl --user -u pilotlight")]);
  });

  it("where the unit cannot be written", async () => {
    const machine = aMachine();
    mkdirSync(machine.unit, { recursive: true });
    expect((await leavesAll(machine, [])).exit).toBe(64);
  });

  it("on Ctrl-C, and ends by it", async () => {
    const machine = aMachine();
    machine.set("stuck");
    const before = treeOf(machine.home);
    const running = startPilotlight(["init"], machine.env);
    await until("the start", () => machine.has("active"));
    running.signal("SIGINT");
    expect(await running.finished).toMatchObject({ code: null, signal: "SIGINT" });
    expect(treeOf(machine.home)).toEqual(before);
    expect(machine.has("active")).toBe(false);
  });

  it("as the next init, after one that was killed", async () => {
    const machine = aMachine();
    machine.set("stuck");
    const running = startPilotlight(["init"], machine.env);
    await until("the start", () => machine.has("active"));
    running.signal("SIGKILL");
    await running.finished;
    machine.unset("stuck");
    const { exit, err } = await runHere(["init"], machine.env);
    expect([exit, err]).toEqual([0, expect.stringContaining("cut off")]);
    expect(machine.has("active")).toBe(true);
  });
});

describe("a key that shadows the login", () => {
  const gate = needs("linux");

  gate.it(
    "is refused from now on where the subscription pays, and the user's text stays",
    async () => {
      const machine = aMachine();
      const texts = [
        ["", (text: string) => text.startsWith("# By")],
        ['write = "auto"', (text: string) => text.startsWith('write = "auto"\n# By')],
        [
          '[keep]\nlog = "json"\n',
          (text: string) => text.endsWith('"refuse"\n[keep]\nlog = "json"\n'),
        ],
      ] as const;
      for (const [given, isGood] of texts) {
        put(machine.config, given);
        chmodSync(machine.config, 0o640);
        const before = treeOf(dirname(machine.config));
        const env = { ...machine.env, ...KEY };
        const made = await runHere(["init", "--billing", "subscription"], env);
        expect([made.exit, made.err]).toEqual([0, expect.stringContaining("on_shadow")]);
        expect(isGood(readFileSync(machine.config, "utf8"))).toBe(true);
        expect((await runHere(["uninstall", "--purge"], env)).exit).toBe(0);
        expect(treeOf(dirname(machine.config))).toEqual(before);
      }
    },
  );

  gate.it("is left alone where the configuration says so", async () => {
    const machine = aMachine();
    put(machine.config, 'on_shadow = "warn"\n');
    const { exit, err } = await leavesAll(machine, ["--billing", "subscription"], KEY);
    expect([exit, err]).toEqual([78, expect.stringContaining(machine.config)]);
    put(machine.config, 'on_shadow = "refuse"\n');
    const made = await runHere(["init", "--billing", "subscription"], { ...machine.env, ...KEY });
    expect(made.exit).toBe(0);
    expect(readFileSync(machine.config, "utf8")).toBe('on_shadow = "refuse"\n');
  });
});
