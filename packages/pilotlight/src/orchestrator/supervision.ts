import type { Environment } from "../claude/locations.ts";
import type { Auth } from "./ask.ts";

/** How a Claude Code is started under `pilotlight run`. */
export interface Supervision {
  /** Starts `pilotlight`. */
  readonly pilotlight: readonly [string, ...string[]];
  readonly auth: Exclude<Auth, "auto">;
  /** The setting that says how Claude Code is started, and its words. */
  readonly setting: string;
  readonly claude: readonly string[];
  readonly login: string | null;
  readonly env: Environment;
  readonly cwd: string;
}
