// Puts the real Claude Code builds that the tests run into .cache/claude (git-ignored, about 0.8 GB).
import {
  CLAUDE_VERSIONS,
  installClaudeBuild,
} from "../packages/pilotlight/test/support/claude-builds.ts";

for (const version of CLAUDE_VERSIONS) {
  const { command } = await installClaudeBuild(version);
  console.log(`${version}: ${command.join(" ")}`);
}
