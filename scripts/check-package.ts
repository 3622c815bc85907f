/** Checks the package as users get it: publint, attw, a start of it, and the public types against their committed report. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkApiReport } from "./api-report.ts";

const home = fileURLToPath(new URL("../packages/pilotlight/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pilotlight-pack-"));
const step = (command: string, args: readonly string[]) =>
  execFileSync(command, args, { cwd: home, stdio: "inherit" });

try {
  step("npm", ["pack", "--silent", "--pack-destination", folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  step("publint", ["--strict", join(folder, tarball)]);
  step("attw", [join(folder, tarball), "--profile", "esm-only"]);
  step("npm", ["install", "--silent", "--offline", "--prefix", folder, join(folder, tarball)]);
  tryInstalled();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
/** Starts what was installed where there is no login: it says so, each command with its own exit status. */
function tryInstalled(): void {
  const program = join(folder, "node_modules", ".bin", "pilotlight");
  const env = { PATH: dirname(process.execPath), HOME: folder };
  const commands = {
    status: 66,
    check: 2,
    doctor: 78,
    explain: 66,
    history: 0,
    "help login_ended": 0,
  };
  for (const [command, exit] of Object.entries(commands)) {
    const { status, stderr } = spawnSync(program, command.split(" "), { env, encoding: "utf8" });
    if (status !== exit) throw new Error(`pilotlight ${command} ended with ${status}: ${stderr}`);
  }
}

checkApiReport({ update: process.argv.includes("--update") });
