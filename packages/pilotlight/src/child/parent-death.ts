import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isStartable } from "./not-started.ts";
import type { ChildSpec } from "./child-spec.ts";

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"];

/**
 * The command that ends with SIGHUP when this process dies, so that an interactive child does not stay
 * behind and fight the shell for its terminal. SIGHUP is what the end of a terminal means, and what a
 * program that wants to survive it ignores. Unchanged where util-linux's setpriv is missing.
 *
 * Only for a child on a terminal. Any other meets end of file and a broken pipe by itself, and is never
 * signalled: a Claude Code in the middle of a refresh grant would lose the rotation.
 */
export function endedWithUs(
  spec: ChildSpec,
  setprivs: readonly string[] = SETPRIV,
): readonly [string, ...string[]] {
  // setpriv would report a missing program in words and statuses of its own.
  if (process.platform !== "linux" || !isStartable(spec)) return spec.argv;
  const setpriv = setprivs.find((path) => existsSync(path));
  if (setpriv === undefined || !knowsParentDeath(setpriv)) return spec.argv;
  // It executes the command in its own place: same pid, same group, environment untouched.
  return [setpriv, "--pdeathsig", "HUP", "--", ...spec.argv];
}

/** BusyBox and util-linux before 2.33 have a setpriv that refuses the option. */
function knowsParentDeath(setpriv: string): boolean {
  const args = ["--pdeathsig", "HUP", "--version"];
  return spawnSync(setpriv, args, { stdio: "ignore" }).status === 0;
}
