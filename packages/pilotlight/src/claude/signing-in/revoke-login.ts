import { execFile } from "node:child_process";
import type { Credential } from "../../core/credential.ts";
import { scrub } from "../../core/scrub.ts";
import type { Stage } from "../staging/stage.ts";

/** ms */
const PATIENCE = 60_000;

/**
 * Has the user's own Claude Code sign a copy of a login out in a stage (`claude auth logout`), which tells the server to
 * revoke it. Deletes nothing outside the stage.
 * @returns what Claude Code said, in one line
 */
export async function revokeLogin(
  credential: Credential,
  claude: { readonly argv: readonly [string, ...string[]]; readonly env: Record<string, string> },
  stage: Stage,
): Promise<string> {
  await stage.prove();
  await stage.put(credential);
  const [program, ...args] = claude.argv;
  const options = { cwd: stage.directory, env: claude.env, timeout: PATIENCE };
  const said = await new Promise<string>((resolve) => {
    execFile(program, [...args, "auth", "logout"], options, (error, stdout, stderr) => {
      resolve(`${stdout}\n${stderr}\n${error === null ? "" : `it ended with ${error.code}`}`);
    });
  });
  await stage.clear();
  return scrub(said).trim().replace(/\s+/g, " ").slice(0, 300);
}
