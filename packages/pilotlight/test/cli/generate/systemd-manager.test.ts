import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs, OWN_MANAGER } from "../../support/needs.ts";
import { putLogin } from "../a-login.ts";
import { runHere } from "../run-here.ts";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { anInstallation } from "./an-installation.ts";

const CACHE = fileURLToPath(new URL("../../../../../.cache/", import.meta.url));

let home: IsolatedHome;
let sandbox: Sandbox;
/** Not below /tmp, which a service has for itself alone. */
let far: string;

beforeEach(async () => {
  home = isolatedHome();
  mkdirSync(CACHE, { recursive: true });
  far = mkdtempSync(join(CACHE, "a unit's home-"));
  sandbox = await startSandbox();
});
afterEach(async () => {
  await sandbox.stop();
  rmSync(far, { recursive: true, force: true });
  home.cleanup();
});

/** Lets systemd start our unit in `root`, as it stands. @returns whether that renewed the login there, and what was said */
async function renewedIn(root: string, flags: readonly string[], claude: string) {
  const configDir = join(root, ".claude");
  const certificate = join(root, "ca.pem");
  mkdirSync(configDir, { recursive: true });
  const path = putLogin(configDir, { ...sandbox.signIn().claudeAiOauth, expiresAt: 1 });
  copyFileSync(sandbox.caFile, certificate);
  const env = {
    ...home.env,
    ...sandbox.env(),
    NODE_EXTRA_CA_CERTS: certificate,
    HOME: root,
    CLAUDE_CONFIG_DIR: configDir,
    XDG_CONFIG_HOME: join(root, ".config"),
    XDG_STATE_HOME: join(root, "state"),
    PILOTLIGHT_CLAUDE: claude,
  };
  const isWalled = flags.length > 0 && root === far;
  const units = join(root, ".config", "systemd", "user");
  await runHere(["generate", "systemd-timer", ...flags, "--out", units], env);
  const unit = readFileSync(join(units, "pilotlight-refresh.service"), "utf8");
  expect(/^PrivateTmp=yes$/m.test(unit)).toBe(isWalled);
  const said = join(root, "said");
  const dropIn = join(units, "pilotlight-refresh.service.d");
  mkdirSync(dropIn);
  writeFileSync(join(dropIn, "said.conf"), `[Service]\nStandardError=append:${said}\n`);
  const start = "systemctl --user start pilotlight-refresh.service";
  await promisify(execFile)("unshare", [...OWN_MANAGER, root, "sh", "-c", start], {
    env: { PATH: home.env["PATH"] ?? "" },
  }).catch(() => {});
  const { expiresAt } = JSON.parse(readFileSync(path, "utf8")).claudeAiOauth;
  return { isRenewed: expiresAt > Date.now(), said: readFileSync(said, "utf8") };
}

const CASES = [
  { version: "2.1.329", manager: "user", place: "its own directory" },
  { version: "2.1.329", manager: "system", place: "its own directory" },
  { version: "2.1.329", manager: "system", place: "/tmp" },
  { version: "2.1.104", manager: "system", place: "its own directory" },
] as const;

const gate = needs("linux", "root", "unshare", "a systemd manager of its own");
for (const { version, manager, place } of CASES) {
  const title = `renews a login in ${place} under the walls of our ${manager} unit`;
  const body = async ({ command }: ClaudeBuild) => {
    const root = place === "/tmp" ? home.home : far;
    const flags = manager === "system" ? ["--system"] : [];
    const renewed = await renewedIn(root, flags, JSON.stringify(command));
    expect(renewed).toEqual({ isRenewed: true, said: "" });
  };
  if (gate.missing === null) claudeTest(version, title, body);
  else gate.it(title, () => {});
}

/**
 * What the keeper tells systemd, and no more of it: READY, then on HUP a line, on USR1 an end with 77, on USR2 with
 * 1. Not --no-block: without CAP_SYS_ADMIN, systemd 252 lost 2 of 10 such messages, of a process that was gone
 * before it was asked whose it is (2026-11).
 */
const KEEPER = `
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
const said = process.env.CLAUDE_CONFIG_DIR + "/said";
process.on("SIGHUP", () => appendFileSync(said, "HUP "));
process.on("SIGTERM", () => { appendFileSync(said, "TERM "); process.exit(0); });
process.on("SIGUSR1", () => process.exit(77));
process.on("SIGUSR2", () => process.exit(1));
setInterval(() => {}, 60_000);
const { status } = spawnSync("systemd-notify", ["--ready", "--status=kept"]);
appendFileSync(said, process.argv[2] + " " + status + " ");
`;

/** Each line of what it prints: the state of the unit after a step. */
const PLAY = `
unit=pilotlight.service
show() { systemctl --user show -p SubState -p StatusText -p ExecMainStatus --value $unit | tr '\\n' ' '; echo; }
systemctl --user start $unit; show
systemctl --user reload $unit; sleep 0.5
systemctl --user stop $unit; show
systemctl --user start $unit; systemctl --user kill -s USR1 --kill-whom=main $unit; sleep 1; show
systemctl --user reset-failed $unit
systemctl --user start $unit; systemctl --user kill -s USR2 --kill-whom=main $unit; sleep 1; show
systemctl --user stop $unit
`;

gate.describe("a keeper under our unit", () => {
  it.each(["user", "system"])(
    "(%s) is ready when it says so, and restarted only where that helps",
    async (manager) => {
      const configDir = join(far, ".claude");
      mkdirSync(configDir);
      const script = join(far, "pilotlight.mjs");
      writeFileSync(script, KEEPER);
      const { files } = KINDS.systemd.make(
        anInstallation({
          user: "root",
          home: far,
          isUsualHome: false,
          node: process.execPath,
          script,
          claude: null,
          path: "/usr/bin:/bin",
          variables: { CLAUDE_CONFIG_DIR: configDir },
          writable: [far],
        }),
        { isSystem: manager === "system", variant: null },
      );
      const units = join(far, ".config", "systemd", "user");
      mkdirSync(units, { recursive: true });
      writeFileSync(join(units, "pilotlight.service"), files[0]?.text ?? "");
      const { stdout } = await promisify(execFile)(
        "unshare",
        [...OWN_MANAGER, far, "sh", "-c", PLAY],
        {
          env: { PATH: home.env["PATH"] ?? "" },
        },
      );
      const shown = stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ").filter(Boolean).toSorted().join(" "));
      expect(shown).toEqual([
        "0 kept running",
        expect.stringMatching(/^0 .*dead/),
        expect.stringMatching(/^77 .*failed/),
        expect.stringMatching(/^1 .*auto-restart/),
      ]);
      expect(readFileSync(join(configDir, "said"), "utf8")).toMatch(
        /^keep 0 HUP TERM keep 0 keep 0 $/,
      );
    },
    60_000,
  );
});
