import type { Kind } from "../generated.ts";
import type { Installation } from "../installation.ts";
import { HEALTHY, imageOf } from "./image.ts";

/** An image with Claude Code and Pilotlight. */
export const dockerfile: Kind = {
  options: [],
  make: (installation) => ({
    files: [{ path: "Dockerfile", text: dockerfileOf(installation) }],
    notes: [
      `beside it: the package, pilotlight-${installation.version}.tgz, as npm pack makes it`,
      `then: docker build -t ${imageOf(installation)} .`,
      ...(installation.claudeVersion === null ? [NO_VERSION] : []),
      "not built here",
    ],
  }),
};

const NO_VERSION = "no Claude Code was found here: name its version in CLAUDE_VERSION";

function dockerfileOf({ version, nodeVersion, claudeVersion }: Installation): string {
  const tarball = `pilotlight-${version}.tgz`;
  const claude = claudeVersion === null ? "" : `=${claudeVersion}`;
  return `\
# Claude Code, and Pilotlight that keeps it signed in. Not built here.
ARG NODE_VERSION=${nodeVersion}
FROM node:\${NODE_VERSION}-slim

# Named, so that a build changes when you say so: docker build --build-arg CLAUDE_VERSION=…
ARG CLAUDE_VERSION${claude}
COPY ${tarball} /tmp/
RUN npm install --global /tmp/${tarball} "@anthropic-ai/claude-code@\${CLAUDE_VERSION:?}" \\
 && rm /tmp/${tarball} \\
 && npm cache clean --force

# The login lies one level down: its lock (<directory>.lock) is made beside it and has to be on the volume, too.
ENV CLAUDE_CONFIG_DIR=/login/.claude \\
    PILOTLIGHT_STATE_DIR=/state \\
    DISABLE_AUTOUPDATER=1
RUN install -d -m 700 -o node -g node /login /login/.claude /state

USER node
WORKDIR /home/node
STOPSIGNAL SIGTERM
# It starts no claude, and a warning is no reason to restart.
HEALTHCHECK --interval=1m --timeout=30s --start-period=30s CMD ${HEALTHY}
# Whoever stops it leaves it the time of a refresh: docker stop --timeout 200
CMD ["pilotlight", "keep", "--listen", "127.0.0.1:7450"]
`;
}
