import { globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DrillReport } from "../../src/sandbox/drill/drill.ts";
import { drillPlace } from "./support/a-drill.ts";
import { until } from "./support/expectations.ts";
import { processesUnder } from "./support/processes.ts";

const PATIENCE = 280_000;

describe("the drill", () => {
  it(
    "brings every job that could succeed through a short night, without anything of its own user's",
    async () => {
      const { root, home, temp, start, claudeThat } = drillPlace();
      const seen = join(root, "seen");
      const claude = claudeThat(`env >>${seen}`);
      writeFileSync(join(home, ".claude", ".credentials.json"), "{}");
      const before = readdirSync(home, { recursive: true });
      const { ended } = start(["--short", "--json", "--claude", claude]);
      const { code, stdout, stderr } = await ended;
      expect([code, stderr]).toEqual([0, ""]);

      const report = JSON.parse(stdout) as DrillReport;
      expect(report).toMatchObject({ schema: "pilotlight.drill/v1", ok: true, claude });
      expect(report.notRehearsed.filter(({ what }) => what.includes("kill"))).toEqual([]);
      const [build] = report.builds;
      expect(build?.with.succeeded).toBe(build?.with.could);
      expect(build?.with).toMatchObject({ silentFailures: 0, doubleSpends: 0, lostLogins: 0 });
      expect(build?.with.could).toBeGreaterThan(8);
      // The kills cost the same night without it two logins, or it rehearses nothing.
      expect(build?.without.lost.map(({ hour }) => hour)).toEqual(expect.arrayContaining([55, 65]));
      expect(build?.without.jobs).toBe(build?.with.jobs);
      expect(`${stdout}${stderr}`).not.toContain("sk-ant-");

      const text = readFileSync(seen, "utf8");
      expect(text).toContain("\nCLAUDE_CONFIG_DIR=");
      expect(text).not.toContain("poison");
      expect(text).not.toContain(home);
      expect(text).not.toMatch(
        /^(ANTHROPIC_(?!CONFIG_DIR=)|CLAUDE_CODE_(OAUTH|USE)|NODE_OPTIONS)/m,
      );
      expect(readdirSync(home, { recursive: true })).toEqual(before);
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    "leaves no folder and no process when it is interrupted in mid-refresh",
    async () => {
      const { temp, start, claudeThat } = drillPlace();
      // Nothing but the drill will end it: it has a session of its own.
      const claude = claudeThat('case "$*" in *"mcp list"*) exec sleep 300 ;; esac');
      const { child, ended } = start(["--short", "--claude", claude]);
      const staged = () => globSync(join(temp, "**", "mcp-list", ".credentials.json"));
      await until("a rehearsal of a refresh", () => staged().length > 0);
      expect(processesUnder(temp).length).toBeGreaterThan(1);
      child.kill("SIGINT");
      const { code, signal, stdout } = await ended;
      expect([code, signal, stdout]).toEqual([null, "SIGINT", ""]);
      expect(processesUnder(temp)).toEqual([]);
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it("says which file it takes for a Claude Code", async () => {
    const { ended } = drillPlace().start(["--claude", "/bin/true"]);
    const { code, stdout, stderr } = await ended;
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain("the file must be called claude or cli.js");
  });
});
