/** Claude Code as an OAuth client: public, with a page of the server's that shows its code (measured on every build, 2026-11). */
export const CLAUDE_CODE = {
  id: "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
  redirectUri: "https://platform.claude.com/oauth/code/callback",
} as const;
