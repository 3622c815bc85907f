import type { Kind } from "../generated.ts";
import type { Installation } from "../installation.ts";
import { xmlText } from "./xml-text.ts";

const LABEL = "pilotlight.keep";

/** `pilotlight keep` as an agent of launchd. Written by launchd.plist(5); not run here. */
export const launchd: Kind = {
  options: [],
  carriesVariables: true,
  make: (installation) => {
    const path = `${installation.home}/Library/LaunchAgents/${LABEL}.plist`;
    const notes = [
      `then: launchctl bootstrap gui/$(id -u) ${LABEL}.plist, with its whole path`,
      "not run here; a login in the macOS Keychain is not renewed (78)",
    ];
    if (installation.platform !== "darwin") {
      notes.push("its paths are those of this machine: generate it on the Mac that it is for");
    }
    return { files: [{ path, text: plist(installation) }], notes };
  },
};

function plist({ node, script, home, path, variables }: Installation): string {
  return `\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Keeps the Claude Code login alive. Not run here: written by launchd.plist(5). -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${[node, script, "keep"].map((word) => `    <string>${xmlText(word)}</string>`).join("\n")}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${Object.entries({ PATH: path, ...variables })
  .map(([name, value]) => `    <key>${name}</key>\n    <string>${xmlText(value)}</string>`)
  .join("\n")}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <!-- Started again unless it ended well; launchd cannot tell 77 (sign in) and 78 (configuration) apart. -->
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>300</integer>
  <!-- A refresh takes up to 150 s, and a claude that is killed in it loses the login. -->
  <key>ExitTimeOut</key>
  <integer>200</integer>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>ProcessType</key>
  <string>Background</string>
  <key>Umask</key>
  <integer>63</integer>
  <key>StandardErrorPath</key>
  <string>${xmlText(`${home}/Library/Logs/pilotlight.log`)}</string>
</dict>
</plist>
`;
}
