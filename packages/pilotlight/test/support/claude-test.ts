import { it } from "vitest";
import { type ClaudeBuild, claudeBuild, type ClaudeVersion } from "./claude-builds.ts";

/** Long for one run of the CLI, short enough for a hang to show. */
const LIMIT_MS = 90_000;

/**
 * A test with a real Claude Code. Without the build in the cache it is skipped with the reason in its title;
 * with `PILOTLIGHT_REQUIRE_ALL=1` it fails instead.
 */
export function claudeTest(
  version: ClaudeVersion,
  title: string,
  body: (build: ClaudeBuild) => Promise<void>,
  timeout = LIMIT_MS,
): void {
  const build = claudeBuild(version);
  const name = `${version}: ${title}`;
  if (build !== null) {
    it(name, () => body(build), timeout);
    return;
  }
  const reason = `Claude Code ${version} is not in .cache/claude (node scripts/fetch-claude.ts)`;
  if (process.env["PILOTLIGHT_REQUIRE_ALL"] !== "1") {
    it.skip(`${name} [${reason}]`, () => {});
    return;
  }
  it(name, () => {
    throw new Error(reason);
  });
}
