import { spawnSync } from "node:child_process";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialCopies, frozenTokens } from "../../../src/cli/doctor/scan/credential-copies.ts";
import type { Hit } from "../../../src/cli/doctor/scan/claude-in-line.ts";
import { type ScannedFile, scanText } from "../../../src/cli/doctor/scan/scan-files.ts";
import type { DoctorReport } from "../../../src/cli/doctor/doctor-report.ts";
import { shortStops } from "../../../src/cli/doctor/scan/short-stops.ts";
import { timeSpan } from "../../../src/cli/doctor/scan/time-span.ts";
import { idlePrompts, restartStorms } from "../../../src/cli/doctor/scan/wasteful-starts.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";
import { examine, put, putClaude, told } from "./an-examination.ts";

const BIN = fileURLToPath(new URL("../../../bin/pilotlight.mjs", import.meta.url));

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

type Finder = (files: readonly ScannedFile[]) => readonly Hit[];
const hits = (find: Finder, name: string, text: string) =>
  find([scanText(name, text)]).map(({ line, what }) => `${line}: ${what}`);

const unit = (lines: string) => `[Service]\nExecStart=/usr/bin/claude -p work\n${lines}`;
/** A unit that waits long enough. */
const guardedUnit = (lines: string) =>
  `[Service]\nExecStart=/usr/bin/pilotlight run -- claude -p work\nTimeoutStopSec=180\n${lines}`;

describe("a stop that comes too soon", () => {
  it.each([
    ["job.sh", "timeout 60 claude -p x", "1: timeout stops it after 1 min 0 s"],
    [
      "job.sh",
      "cd x && timeout -k 5 -s KILL 2m /opt/claude mcp list",
      "1: timeout stops it after 2 min 0 s",
    ],
    [
      "job.sh",
      "timeout --signal TERM --foreground 30s \\\n  npx -y @anthropic-ai/claude-code -p x",
      "1: timeout stops it after 30 s",
    ],
    ["Dockerfile", "HEALTHCHECK CMD claude auth status", "1: the health check kills it after 30 s"],
    [
      "Dockerfile",
      'HEALTHCHECK --timeout=1m CMD ["claude", "auth", "status"]',
      "1: the health check kills it after 1 min 0 s",
    ],
    [
      "probe.py",
      'run(["claude", "auth", "status"], timeout=15)',
      "1: subprocess kills it after 15 s",
    ],
    [
      "a.service",
      unit(""),
      "2: TimeoutStopSec is not set, so systemd kills it 1 min 30 s after the stop signal",
    ],
    [
      "a.service",
      unit("TimeoutStopSec=1min 20s\n"),
      "3: TimeoutStopSec: systemd kills it 1 min 20 s after the stop signal",
    ],
    [
      "a.service",
      unit("TimeoutSec=10\n"),
      "3: TimeoutStopSec: systemd kills it 10 s after the stop signal",
    ],
    [
      "a.service",
      guardedUnit(""),
      "2: KillMode is not set, so systemd sends the stop signal to a refresh under way, too; mixed spares it",
    ],
    [
      "a.service",
      guardedUnit("KillMode=control-group\n"),
      "4: KillMode: systemd sends the stop signal to a refresh under way, too; mixed spares it",
    ],
    ["compose.yml", "services:\n  db:\n    image: x\n  job:\n    command: [claude, -p, x]\n", ""],
    [
      "compose.yml",
      'services:\n  db:\n    image: x\n  job:\n    command: ["claude", "-p", "x"]\n',
      "4: service job: stop_grace_period is not set, so Docker kills it 10 s after the stop signal",
    ],
    [
      "compose.yml",
      "services:\n  job:\n    command: claude -p x\n    stop_grace_period: 0s\n",
      "4: service job: stop_grace_period: Docker kills it 0 s after the stop signal",
    ],
    [
      "compose.yml",
      "services:\n    job:\n        volumes:\n            - ./.claude:/root/.claude\n        stop_grace_period: 1m30s\n",
      "5: service job: stop_grace_period: Docker kills it 1 min 30 s after the stop signal",
    ],
    [
      "pod.yaml",
      'kind: Pod\nspec:\n  terminationGracePeriodSeconds: 30\n  containers:\n    - command: ["claude"]\n',
      "3: Kubernetes kills it 30 s after the stop signal",
    ],
  ])("is found in %s: %j", (name, text, expected) => {
    expect(hits(shortStops, name, text)).toEqual(expected === "" ? [] : [expected]);
  });

  it.each([
    ["job.sh", "timeout 150 claude -p x"],
    ["job.sh", "timeout 10m claude -p x"],
    ["job.sh", "timeout 0 claude -p x"],
    ["job.sh", "timeout -k 5 0s claude -p x"],
    ["job.sh", "timeout 60 curl x; claude-squad x"],
    ["job.sh", "timeout 60 pilotlight run -- claude -p x"],
    ["job.sh", "# timeout 60 claude -p x"],
    ["job.sh", "timeout 60 ls ~/.claude"],
    ["a.service", unit("TimeoutStopSec=infinity\n")],
    ["a.service", unit("TimeoutStopSec=0\n")],
    ["a.service", unit("TimeoutStopSec=60\nTimeoutStopSec=3min\n")],
    ["a.service", guardedUnit("KillMode=mixed\n")],
    ["a.service", guardedUnit("KillMode=process\n")],
    ["a.service", "[Service]\nExecStart=/usr/bin/nginx\n"],
    ["compose.yml", "services:\n  job:\n    command: claude -p x\n    stop_grace_period: 150s\n"],
    ["compose.yml", "services:\n  db:\n    image: postgres\nvolumes:\n  claude:\n"],
  ])("is not found in %s: %j", (name, text) => {
    expect(hits(shortStops, name, text)).toEqual([]);
  });

  it.each([
    ["90", 90_000],
    ["1min 30s", 90_000],
    ["1m30s", 90_000],
    ["500ms", 500],
    ["2h", 7_200_000],
    ["infinity", Infinity],
    ["soon", null],
    ["", null],
    ["10 parsecs", null],
  ])("reads the time %j", (text, expected) => {
    expect(timeSpan(text)).toBe(expected);
  });
});

describe("a copied or mounted login", () => {
  it.each([
    [
      "compose.yml",
      "      - ~/.claude/.credentials.json:/run/claude.json:ro",
      /read-only: a refresh in there spends/,
    ],
    [
      "compose.yml",
      '      - "${HOME}/.claude/.credentials.json:/root/.claude/.credentials.json"',
      /as one file: after a rename/,
    ],
    ["compose.yml", "        source: /srv/.claude/.credentials.json", /as one file/],
    [
      "job.sh",
      "docker run --mount type=bind,source=/x/.credentials.json,target=/y app",
      /as one file/,
    ],
    ["compose.yml", "      - ~/.claude:/root/.claude:ro", /config directory read-only/],
    ["Dockerfile", "COPY .credentials.json /root/.claude/", /into an image/],
    [
      "ci.yml",
      "run: echo '${{ secrets.LOGIN }}' > ~/.claude/.credentials.json",
      /runner that is thrown away/,
    ],
  ])("is found in %s: %s", (name, text, expected) => {
    expect(hits(credentialCopies, name, text)).toEqual([expect.stringMatching(expected)]);
  });

  it.each(["      - ~/.claude:/root/.claude", "COPY src /app", "cat ~/.claude/.credentials.json"])(
    "is not found in %s",
    (text) => expect(hits(credentialCopies, "compose.yml", text)).toEqual([]),
  );

  it("is found where an access token is frozen", () => {
    const line =
      "export CLAUDE_CODE_OAUTH_TOKEN=$(jq -r .claudeAiOauth.accessToken ~/.claude/.credentials.json)";
    expect(hits(frozenTokens, "job.sh", line)).toHaveLength(1);
    expect(hits(frozenTokens, "job.sh", "export CLAUDE_CODE_OAUTH_TOKEN=$SECRET")).toEqual([]);
  });
});

describe("a wasteful start", () => {
  it.each([
    ["crontab", "0 */6 * * * claude -p hi", 1],
    ["crontab", "@hourly /usr/bin/claude -p 'hello' --model haiku", 1],
    ["crontab", "0 3 * * * claude -p 'Summarise the pull requests of yesterday'", 0],
    ["crontab", "0 3 * * * pilotlight run -- claude -p hi", 0],
    ["job.sh", "claude -p hi", 0],
  ])("is an idle prompt in %s: %s", (name, text, count) => {
    expect(hits(idlePrompts, name, text)).toHaveLength(count);
  });

  it.each([
    ["Restart=always\n", 1],
    ["Restart=on-failure\nRestartSec=5\n", 1],
    ["Restart=always\nRestartSec=1min\n", 0],
    ["", 0],
  ])("is a restart at once: %j", (lines, count) => {
    expect(hits(restartStorms, "a.service", unit(lines))).toHaveLength(count);
  });
});

describe("the scan of doctor", () => {
  it("says when there is nothing to look through", async () => {
    expect(told(await examine(home, "short-stops"))).toMatch(/^skipped: .*--scan$/);
  });

  it("looks at the usual files here, and at what it is told of", async () => {
    put(home, "here/Dockerfile", "HEALTHCHECK CMD claude auth status\n");
    put(home, "here/notes.txt", "claude auth status\n");
    put(home, "there/deep/job", "claude doctor || exit 1\n");
    put(home, "there/node_modules/x", "claude doctor\n");
    put(home, "there/binary", "claude doctor\0");
    const env = { PILOTLIGHT_CLAUDE: putClaude(home) };
    const cwd = join(home.home, "here");
    const text = told(await examine(home, "status-commands", { cwd, env, scan: ["../there"] }));
    expect(text.split("\n")).toEqual([
      expect.stringMatching(/^warning: .*here\/Dockerfile:1: claude auth status: on many builds/),
      expect.stringMatching(/^warning: .*there\/deep\/job:1: claude doctor: on many builds/),
    ]);
    const ok = told(await examine(home, "frozen-tokens", { cwd, env }));
    expect(ok).toBe("ok: nothing in 1 files");
    await expect(examine(home, "short-stops", { scan: ["no-such"] })).rejects.toMatchObject({
      code: "usage",
    });
  });

  it.each<[string, (path: string) => unknown, string]>([
    ["binary", (path) => writeFileSync(path, "claude doctor\0"), "it is no text"],
    ["too long", (path) => writeFileSync(path, "x\n".repeat(131_073)), "it is longer than 256 KiB"],
    ["a pipe", (path) => spawnSync("mkfifo", [path]), "it is no regular file"],
    ["a device", (path) => symlinkSync("/dev/zero", path), "it is no regular file"],
  ])("says that a file is not looked through which is named and %s", async (_what, make, why) => {
    const path = join(home.home, "named");
    make(path);
    const alone = told(await examine(home, "short-stops", { scan: [path] }));
    expect(alone).toBe(`skipped: not looked through: ${path}: ${why}`);
    put(home, "job.sh", "timeout 60 claude -p x\n");
    const text = told(await examine(home, "short-stops", { scan: [path, "job.sh"] }));
    expect(text).toMatch(/^warning: .*job\.sh:1: timeout stops it after/);
    expect(text).toContain(`\nnote: not looked through: ${path}: ${why}`);
  });

  it("looks through a link that is named, and a file that is empty", async () => {
    symlinkSync(put(home, "job.sh", "timeout 60 claude -p x\n"), join(home.home, "link"));
    put(home, "empty", "");
    const found = told(await examine(home, "short-stops", { scan: ["link", "empty"] }));
    expect(found).toMatch(/^warning: .*link:1: timeout stops it after 1 min 0 s$/);
  });

  it("is not held up by what has no end in a directory", async () => {
    const there = join(home.home, "there");
    put(home, "there/job.sh", "timeout 60 claude -p x\n");
    spawnSync("mkfifo", [join(there, "pipe.service"), join(home.home, "bot.service")]);
    symlinkSync("/dev/zero", join(there, "zero"));
    symlinkSync("/dev/zero", join(home.home, "crontab"));
    const found = told(await examine(home, "short-stops", { scan: ["there"] }));
    expect(found).toMatch(/^warning: .*job\.sh:1: timeout stops it after 1 min 0 s$/);
  });

  needs("linux", "root").it("says that it may not read what is named", () => {
    put(home, "there/job.sh", "claude doctor\n");
    put(home, "job.sh", "claude doctor\n", 0o600);
    chmodSync(join(home.home, "there"), 0o700);
    for (const path of ["..", ".", ".config"]) chmodSync(join(home.home, path), 0o755);
    const argv = [BIN, "doctor", "--json", "--scan", "there", "job.sh"];
    const { stdout } = spawnSync(process.execPath, argv, {
      env: { ...home.env, PILOTLIGHT_STATE_DIR: join(home.home, "state") },
      cwd: home.home,
      uid: 65_534,
      gid: 65_534,
      encoding: "utf8",
      timeout: 20_000,
    });
    const { checks } = JSON.parse(stdout) as DoctorReport;
    const [finding] = checks.find(({ id }) => id === "short-stops")?.findings ?? [];
    expect(finding?.evidence).toMatch(
      /^not looked through: .*there: EACCES: .*; .*job\.sh: EACCES: /,
    );
  });

  it.each([
    ["2.1.104", /on 2\.1\.104 it says nothing/],
    ["2.1.216", /2\.1\.216 starts a refresh and may exit before it is stored/],
    ["2.1.329", /2\.1\.329 refreshes in it, and a signal meanwhile loses/],
  ])("knows what auth status does on %s", async (version, expected) => {
    put(home, "bin/package.json", JSON.stringify({ name: "@anthropic-ai/claude-code", version }));
    put(home, "crontab", "@daily claude auth status\n");
    const env = { PILOTLIGHT_CLAUDE: putClaude(home) };
    expect(told(await examine(home, "status-commands", { env }))).toMatch(expected);
  });

  it("tells the first dozen places and counts the rest", async () => {
    put(home, "crontab", "@daily claude doctor\n".repeat(15));
    expect(await examine(home, "status-commands")).toHaveLength(13);
  });
});
