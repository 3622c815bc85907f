import { join } from "node:path";
import type { Locations } from "../../claude/locations.ts";
import type { World } from "./world.ts";

/** Where Claude Code keeps account and onboarding: inside a config directory that was named, else in the home itself. */
export function claudeHomeFile(
  { configDir }: Locations,
  { config, env }: Pick<World, "config" | "env">,
): string {
  const isUsual = configDir === join(config.home, ".claude");
  return isUsual && env["CLAUDE_CONFIG_DIR"] === undefined
    ? join(config.home, ".claude.json")
    : join(configDir, ".claude.json");
}
