import type { Installation } from "../../../src/cli/generate/installation.ts";

/** An invented installation, with `fields` over it. */
export function anInstallation(fields: Partial<Installation> = {}): Installation {
  return {
    platform: "linux",
    user: "bot",
    home: "/home/bot",
    isUsualHome: true,
    node: "/opt/node/bin/node",
    nodeVersion: "24.21.0",
    script: "/opt/pilotlight/bin/pilotlight.mjs",
    version: "0.1.0",
    claude: "/home/bot/.local/bin/claude",
    claudeVersion: "2.1.329",
    path: "/home/bot/.local/bin:/opt/node/bin:/usr/local/bin:/usr/bin:/bin",
    variables: {},
    withheld: [],
    login: null,
    credentialsFiles: ["/home/bot/.claude/.credentials.json"],
    stateDir: "/home/bot/.local/state/pilotlight",
    isStateThere: true,
    writable: ["/home/bot"],
    systemd: 252,
    ...fields,
  };
}

/** What a path may hold and a careless format would stumble over. */
export const AWKWARD = `/srv/a b/100%d "q" it's $HOME \\x <&>`;
