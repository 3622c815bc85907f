import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { readSettings } from "../../claude/precedence/settings.ts";
import { authStatus, mcpList } from "./account-commands.ts";
import { buildBehaviour } from "./build-behaviour.ts";
import { type CommandLine, commandLine } from "./command-line.ts";
import { printMode } from "./print-mode.ts";
import { releaseAll } from "./refresh-locks.ts";
import { type Setting, setting } from "./setting.ts";
import { signIn } from "./sign-in.ts";

/**
 * A stand-in for `claude` in rehearsals: it treats the credentials of a sandbox as the real builds do, and knows no
 * other server. See docs/sandbox.md.
 */
async function main(): Promise<number> {
  const line = commandLine(process.argv.slice(2));
  if (line.command.kind === "version") {
    const { version } = buildBehaviour(process.env["PILOTLIGHT_STAND_IN"]);
    process.stdout.write(`${version} (Claude Code)\n`);
    return 0;
  }
  const scene = await settingOf(line);
  if (fallsSilent(scene)) return 0;
  switch (line.command.kind) {
    case "mcp-list":
      return mcpList(scene);
    case "auth-status":
      return authStatus(scene, line.command.asText);
    case "auth-login":
      return signIn(scene);
    case "print":
      return printMode(scene, line.command.options);
  }
}

/** Where it cannot write its own directory, the older build ends with 0 and not a word (measured 2026-11). */
function fallsSilent({ build, configDir }: Setting): boolean {
  if (build.version !== "2.1.104") return false;
  try {
    accessSync(configDir, constants.W_OK);
    return false;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
}

async function settingOf({ debugFile }: CommandLine): Promise<Setting> {
  const { env } = process;
  const home = env["HOME"] || homedir();
  const configDir = env["CLAUDE_CONFIG_DIR"] ?? join(home, ".claude");
  const settings = await readSettings(join(configDir, "settings.json"));
  return setting({ env, settings, cwd: process.cwd(), home, debugFile });
}

/** Exit codes after a signal, measured on both builds (2026-11); a grant in flight is lost, its locks are not left behind. */
const SIGNALS = { SIGTERM: 143, SIGHUP: 129, SIGINT: 0 } as const;

for (const [name, code] of Object.entries(SIGNALS)) {
  process.once(name, () => {
    releaseAll();
    process.exit(code);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
