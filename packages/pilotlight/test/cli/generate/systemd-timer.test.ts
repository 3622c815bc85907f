import { expect } from "vitest";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { needs } from "../../support/needs.ts";
import { ownManager } from "../../support/own-manager.ts";
import { unitHome } from "./a-unit-home.ts";

const CASES = [
  { version: "2.1.329", place: "/tmp" },
  { version: "2.1.104", place: "its own directory" },
] as const;

const gate = needs("linux", "root", "unshare", "a systemd manager of its own");
for (const { version, place } of CASES) {
  const title = `renews a login in ${place} under the walls of our system unit, from a timer`;
  const body = async (build: ClaudeBuild) => {
    const isInTmp = place === "/tmp";
    const home = await unitHome(build, { isInTmp });
    const unit = await home.install("systemd-timer", ["--system"]);
    // A clone below /tmp has its program and its Claude Code there.
    const isTmpNeeded = isInTmp || import.meta.filename.startsWith("/tmp/");
    expect(/^PrivateTmp=yes$/m.test(unit)).toBe(!isTmpNeeded);
    const manager = ownManager(home.root, { PATH: home.env["PATH"] ?? "" });
    await manager.run("systemctl --user start pilotlight-refresh.service");
    await manager.end();
    expect(home.said()).toBe("");
    expect(home.document().claudeAiOauth.expiresAt).toBeGreaterThan(Date.now());
  };
  if (gate.missing === null) claudeTest(version, title, body);
  else gate.it(title, () => {});
}
