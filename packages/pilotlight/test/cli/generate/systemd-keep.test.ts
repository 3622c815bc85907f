import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { until } from "../../e2e/support/expectations.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { type OwnManager, ownManager } from "../../support/own-manager.ts";
import { type UnitHome, unitHome } from "./a-unit-home.ts";

const HOUR = 3_600_000;
const UNIT = "pilotlight.service";
const gate = needs("linux", "root", "unshare", "a systemd manager of its own");

function claudeUnderSystemd(title: string, body: (build: ClaudeBuild) => Promise<void>): void {
  if (gate.missing === null) claudeTest("2.1.329", title, body);
  else gate.it(title, () => {});
}

/**
 * Without cgroup v2 nobody tells a user's manager that a unit's last process is gone: in 1 of 9 stops systemd 252
 * waited for its limit all the same (2026-11).
 */
const isUnified = existsSync("/sys/fs/cgroup/cgroup.controllers");
const CLEAN_ENDS = isUnified ? ["success"] : ["success", "timeout"];

type Shown = Readonly<Record<string, string>>;

async function show(manager: OwnManager): Promise<Shown> {
  const names = "SubState,StatusText,ExecMainStatus,Result,NRestarts,MainPID";
  const { said } = await manager.run(`systemctl --user show -p ${names} ${UNIT}`);
  return Object.fromEntries(said.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

async function shows(manager: OwnManager, fields: Shown): Promise<void> {
  const wanted = JSON.stringify(fields);
  let last: Shown = {};
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(100)) {
    last = await show(manager);
    if (Object.entries(fields).every(([name, value]) => last[name] === value)) return;
  }
  throw new Error(`wanted ${wanted}, still ${JSON.stringify(last)}`);
}

claudeUnderSystemd(
  "keep is ready, reloads, keeps its watchdog and ends under systemd",
  async (build) => {
    const home = await unitHome(build, { expiresAt: Date.now() + 8 * HOUR });
    await home.install("systemd", ["--system"]);
    home.overrideWith("WatchdogSec=6");
    const manager = ownManager(home.root, { PATH: home.env["PATH"] ?? "" });
    // Returns only after READY.
    expect((await manager.run(`systemctl --user start ${UNIT}`)).code).toBe(0);
    const begun = performance.now();
    expect((await manager.run(`systemctl --user reload ${UNIT}`)).code).toBe(0);
    await until("the log to tell of the reload", () =>
      home.said().includes("looking at every login"),
    );
    await sleep(8_000 - (performance.now() - begun));
    const StatusText = "1 kept, all well";
    await shows(manager, { SubState: "running", StatusText, NRestarts: "0", Result: "success" });
    await manager.run(`systemctl --user kill -s STOP --kill-whom=main ${UNIT}`);
    await shows(manager, { Result: "watchdog" });
    await manager.run(`systemctl --user stop ${UNIT}; systemctl --user reset-failed ${UNIT}`);

    await manager.run(`systemctl --user start ${UNIT}`);
    await manager.run(`systemctl --user kill -s KILL --kill-whom=main ${UNIT}`);
    await shows(manager, { SubState: "auto-restart" });
    await manager.run(`systemctl --user stop ${UNIT}; systemctl --user reset-failed ${UNIT}`);

    await manager.run(`systemctl --user start ${UNIT}`);
    await manager.run(`systemctl --user stop ${UNIT}`);
    await shows(manager, { SubState: "dead", Result: "success", ExecMainStatus: "0" });

    // Nothing that a restart would make better.
    writeFileSync(join(home.root, ".config", "pilotlight.toml"), "nonsense = 1\n");
    home.overrideWith(`Environment=PILOTLIGHT_CONFIG="${home.root}/.config/pilotlight.toml"`);
    await manager.run("systemctl --user daemon-reload");
    expect((await manager.run(`systemctl --user start ${UNIT}`)).code).not.toBe(0);
    await shows(manager, { SubState: "failed", ExecMainStatus: "78" });
    await manager.end();
  },
);

/** Expects one grant, and its result in the file. */
function expectStored({ sandbox, document, state }: UnitHome): void {
  expect(sandbox.tokenPosts()).toHaveLength(1);
  const { accessToken, refreshToken } = document().claudeAiOauth;
  expect(sandbox.logins()).toContainEqual(
    expect.objectContaining({
      state: "live",
      accessToken: fingerprintOf(accessToken),
      refreshToken: fingerprintOf(refreshToken),
    }),
  );
  expect(sandbox.logins()).toHaveLength(1);
  expect(readdirSync(join(state, "journal"))).not.toContain("default.json");
}

async function inMidGrant(build: ClaudeBuild, flags: readonly string[]) {
  const home = await unitHome(build);
  home.sandbox.fault({ name: "token-slow", delayMs: 4000, rotateAt: "start", times: 1 });
  const unit = await home.install("systemd", flags);
  expect(unit).toMatch(/^KillMode=mixed$/m);
  home.overrideWith("TimeoutStopSec=20");
  const manager = ownManager(home.root, { PATH: home.env["PATH"] ?? "" });
  await manager.run(`systemctl --user start ${UNIT}`);

  await until("the grant", () => home.sandbox.tokenPosts().length > 0);
  return { home, manager };
}

claudeUnderSystemd("a stop of our system unit waits for a grant in flight", async (build) => {
  const { home, manager } = await inMidGrant(build, ["--system"]);
  const begun = performance.now();
  await manager.run(`systemctl --user stop ${UNIT}`);
  expect(performance.now() - begun).toBeGreaterThan(2_000);
  const shown = await show(manager);
  expect(shown["ExecMainStatus"]).toBe("0");
  expect(CLEAN_ENDS).toContain(shown["Result"]);
  expectStored(home);
  expect(home.said()).toContain("the refresh under way is waited for");
  await manager.end();
});

claudeUnderSystemd(
  "a logout, which ends all there is, waits for a grant in flight of our user unit",
  async (build) => {
    const { home, manager } = await inMidGrant(build, []);
    await manager.end();
    expectStored(home);
    expect(home.said()).toContain("the refresh under way is waited for");
  },
);
