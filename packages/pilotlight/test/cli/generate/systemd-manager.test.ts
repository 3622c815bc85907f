import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect } from "vitest";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs, OWN_MANAGER } from "../../support/needs.ts";
import { putLogin } from "../a-login.ts";
import { runHere } from "../run-here.ts";

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
