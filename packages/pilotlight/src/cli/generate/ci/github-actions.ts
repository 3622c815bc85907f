import type { Kind } from "../generated.ts";
import type { Installation } from "../installation.ts";

/** A workflow that asks Claude with a setup-token, and knows how old that is. */
export const githubActions: Kind = {
  options: [],
  make: (installation) => ({
    files: [{ path: ".github/workflows/claude.yml", text: workflow(installation) }],
    notes: [
      "a person, once a year: claude setup-token; the whole token is the secret CLAUDE_CODE_OAUTH_TOKEN (gh secret set CLAUDE_CODE_OAUTH_TOKEN)",
      "on the same day: gh variable set CLAUDE_TOKEN_MINTED --body $(date -u +%F)",
      `in the repository: vendor/pilotlight-${installation.version}.tgz, as npm pack makes it`,
      ...(installation.claudeVersion === null ? [NO_VERSION] : []),
      "the workflow was not run here; its check of the token's age was",
    ],
  }),
};

const NO_VERSION = "no Claude Code was found here: put its version in the place of VERSION";

function workflow({ version, nodeVersion, claudeVersion }: Installation): string {
  return `\
# Claude Code on a setup-token: it lasts a year, nothing renews it, and nobody tells its age but this. The
# workflow was not run here; the check of the age was.
name: claude
on:
  workflow_dispatch:
  schedule:
    - cron: "17 6 * * *"
permissions:
  contents: read
jobs:
  claude:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    steps:
      - name: How old is the setup-token
        env:
          # The day of claude setup-token, as 2026-11-21: a repository variable. It is no secret.
          MINTED: \${{ vars.CLAUDE_TOKEN_MINTED }}
        run: |
          if ! [[ "$MINTED" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || ! minted=$(date -u -d "$MINTED" +%s); then
            echo "::error::set the variable CLAUDE_TOKEN_MINTED to the day of the setup-token, such as 2026-11-21"
            exit 1
          fi
          left=$((365 - ($(date -u +%s) - minted) / 86400))
          if ((left > 366)); then
            echo "::error::CLAUDE_TOKEN_MINTED lies in the future"
            exit 1
          elif ((left <= 0)); then
            echo "::error::the setup-token of $MINTED is over: claude setup-token, then the secret and the variable anew"
            exit 1
          elif ((left <= 30)); then
            echo "::warning::the setup-token ends in $left days: claude setup-token, then the secret and the variable anew"
          fi
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with:
          node-version: ${nodeVersion}
      - name: Install
        run: npm install --global ./vendor/pilotlight-${version}.tgz "@anthropic-ai/claude-code@${claudeVersion ?? "VERSION"}"
      - name: Ask Claude
        env:
          CLAUDE_CODE_OAUTH_TOKEN: \${{ secrets.CLAUDE_CODE_OAUTH_TOKEN }}
        # A failure is one line with a code, and a failed step; auth_rejected (77) means a new token.
        run: pilotlight run --auth subscription -- claude -p "List what is unclear in README.md"
`;
}
