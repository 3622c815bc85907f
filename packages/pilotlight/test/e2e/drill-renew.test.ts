import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ACTS } from "../../src/sandbox/drill/renew/acts.ts";
import { drillRenew, type DrillRenewReport } from "../../src/sandbox/drill/renew/drill-renew.ts";
import { claudeTest } from "../support/claude-test.ts";
import { drillPlace, STAND_IN } from "./support/a-drill.ts";
import { until } from "./support/expectations.ts";
import { processesUnder } from "./support/processes.ts";

const PATIENCE = 280_000;

/** A sign-in of the stand-in's that goes wrong in a way of its own. */
const SIGN_IN = 'case "$*" in "auth login"*)';

/** Neither a token nor a whole code. */
function expectNoSecret(text: string): void {
  expect(text).not.toContain("sk-ant-");
  expect(text).not.toMatch(/TEST[\w-]{12}/);
}

describe("the drill of the human step", () => {
  it(
    "ends each act as it must, without anything of its own user's, and leaves nothing",
    async () => {
      const { root, home, temp, start, claudeThat } = drillPlace();
      const seen = join(root, "seen");
      const claude = claudeThat(`env >>${seen}`);
      writeFileSync(join(home, ".claude", ".credentials.json"), "{}");
      const before = readdirSync(home, { recursive: true });
      const { code, stdout, stderr } = await start(["--renew", "--json", "--claude", claude]).ended;
      expect([code, stderr]).toEqual([0, ""]);
      const report = JSON.parse(stdout) as DrillRenewReport;
      expect(report).toMatchObject({ schema: "pilotlight.drill-renew/v1", ok: true, claude });
      expect(report.acts.map(({ what }) => what)).toEqual(ACTS.map(({ what }) => what));
      expect(report.acts.flatMap(({ deviations }) => deviations)).toEqual([]);
      const renewal = report.acts.find(({ part }) => part === "renewal");
      expect(renewal?.steps.map(({ step }) => step)).toEqual([
        "link",
        "account",
        "consent",
        "code",
        "proof",
        "end",
      ]);
      expectNoSecret(stdout);

      const text = readFileSync(seen, "utf8");
      expect(text).toContain("\nCLAUDE_CONFIG_DIR=");
      expect(text).not.toContain("poison");
      expect(text).not.toContain(home);
      expect(readdirSync(home, { recursive: true })).toEqual(before);
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    "says what is wrong, and with which act, where a sign-in shows another's link and stores nothing",
    async () => {
      const { temp, start, claudeThat } = drillPlace();
      const claude = claudeThat(
        `${SIGN_IN} echo "https://127.0.0.1/?state=TEST"; echo "Paste code"; read code; exit 0 ;; esac`,
      );
      const { code, stdout, stderr } = await start(["--renew", "--claude", claude]).ended;
      expect(code).toBe(70);
      expect(stderr).toContain("a person signs in again\n");
      const wrong = [...stderr.matchAll(/pilotlight: bug: [^:]*: (.*?): /g)].map(
        ([, what]) => what,
      );
      const must = ACTS.filter(({ part }) => part !== "ahead").map(({ what }) => what);
      // The last one of them is about what the ones before leave.
      expect(wrong.map((what) => what?.split(":")[0])).toEqual(
        must.map((what) => what.split(":")[0]),
      );
      expect(stderr).toMatch(/a person signs in again: the page: this is no authorization link;/);
      expect(stdout).toContain("not as it must: stored login: untouched instead of renewed");
      expectNoSecret(stdout + stderr);
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    "believes no Pilotlight that only says that all is well",
    async () => {
      const { root } = drillPlace();
      const liar = join(root, "liar.mjs");
      // It shows a link, and writes over the login whatever it is asked for.
      writeFileSync(
        liar,
        `import { writeFileSync } from "node:fs";
         const file = process.env.CLAUDE_CONFIG_DIR + "/.credentials.json";
         writeFileSync(file, JSON.stringify({ claudeAiOauth: { accessToken: "sk-ant-oat01-TESTlie", refreshToken: "sk-ant-ort01-TESTlie" + process.pid, expiresAt: Date.now() + 3.6e6 } }));
         if (process.argv[2] === "login") console.log(JSON.stringify({ event: "link", url: "https://claude.com/cai/oauth/authorize?state=s" }));`,
      );
      const lines: string[] = [];
      const report = await drillRenew({
        pilotlight: [process.execPath, liar],
        standIn: STAND_IN,
        claude: null,
        path: process.env["PATH"] ?? "",
        began: ({ what }) => void lines.push(what),
        tell: () => undefined,
        signal: AbortSignal.timeout(PATIENCE),
      });
      expect(report.ok).toBe(false);
      expect(lines).toEqual(ACTS.map(({ what }) => what));
      for (const { what, deviations } of report.acts)
        expect([what, deviations.join("; ")]).toEqual([
          what,
          expect.stringContaining("stored login: lost"),
        ]);
    },
    PATIENCE,
  );

  it(
    "leaves no folder and no process when it is interrupted while a sign-in waits",
    async () => {
      const { root, temp, start, claudeThat } = drillPlace();
      const waits = join(root, "waits");
      // Nothing but the drill will end it: it has a session of its own.
      const claude = claudeThat(`${SIGN_IN} touch ${waits}; exec sleep 300 ;; esac`);
      const { child, ended } = start(["--renew", "--claude", claude]);
      await until("a sign-in", () => readdirSync(root).includes("waits"));
      expect(processesUnder(temp).length).toBeGreaterThan(1);
      child.kill("SIGINT");
      const { code, signal, stdout } = await ended;
      expect([code, signal, stdout]).toEqual([null, "SIGINT", ""]);
      expect(processesUnder(temp)).toEqual([]);
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    "says so of a Claude Code that takes no code on a pipe",
    async () => {
      const { temp, start, claudeThat } = drillPlace();
      const claude = claudeThat("export PILOTLIGHT_STAND_IN=2.1.104");
      const { code, stdout, stderr } = await start(["--renew", "--claude", claude]).ended;
      expect([code, stdout]).toEqual([78, ""]);
      expect(stderr).toContain("takes no code on a pipe");
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );

  it("has no short form", async () => {
    const { code, stdout, stderr } = await drillPlace().start(["--renew", "--short"]).ended;
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain("leave --short and --watch out");
  });

  claudeTest(
    "2.1.329",
    "ends each act as it must with the real Claude Code",
    async ({ command: [claude] }) => {
      const { temp, start } = drillPlace();
      const { code, stdout, stderr } = await start(["--renew", "--json", "--claude", claude]).ended;
      expect([code, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, claude });
      expect(readdirSync(temp)).toEqual([]);
    },
    PATIENCE,
  );
});
