// Puts the real Claude Code builds and the Agent SDK that the tests run into .cache/claude (git-ignored, about 0.9 GB).
import {
  CLAUDE_VERSIONS,
  installAgentSdk,
  installClaudeBuild,
} from "../packages/pilotlight/test/support/claude-builds.ts";

for (const version of CLAUDE_VERSIONS) {
  const { command } = await installClaudeBuild(version);
  console.log(`${version}: ${command.join(" ")}`);
}
console.log(await installAgentSdk());
