/**
 * What a full-screen program shows, as words: no colours, no links behind links, and a blank where it jumps to another
 * column (measured on 2.1.329, 2.1.216 and 2.1.104, 2026-11: words are placed by jumps, not by blanks).
 */
export function terminalText(output: string): string {
  return (
    output
      // An OSC, such as a hyperlink (ECMA-48 §8.3.89), up to its end; one still open is not shown yet.
      // oxlint-disable-next-line no-control-regex -- escape sequences are control characters
      .replace(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\|$)/g, "")
      // oxlint-disable-next-line no-control-regex -- as above
      .replace(/\u001b\[[0-9]*[CG]/g, " ")
      // oxlint-disable-next-line no-control-regex -- as above
      .replace(/\u001b\[[0-9;?<>=]*[ -/]*(?:[@-~]|$)/g, "")
      // oxlint-disable-next-line no-control-regex -- as above
      .replace(/\u001b[()][0-9A-B]|\u001b[^[\]]?/g, "")
      .replace(/\r/g, "\n")
  );
}

/** A PKCE challenge of S256 has 43 characters (RFC 7636 §4.2). */
const CHALLENGE = /^[\w-]{43}$/;

/** The whole link of a sign-in in what was shown; `null` while it is not there, or is broken into lines. */
export function linkIn(text: string): string | null {
  // Behind its state the line ends: one that is still being written is no link yet.
  const shown = /https:\/\/\S+[?&]state=[^\s&]+(?=\s)/.exec(text)?.[0];
  const challenge = shown === undefined ? null : URL.parse(shown)?.searchParams;
  return shown !== undefined && CHALLENGE.test(challenge?.get("code_challenge") ?? "")
    ? shown
    : null;
}

/** The token that was shown, once its line has ended. */
export function setupTokenIn(text: string): string | null {
  return /(?:^|\s)(sk-ant-oat\d\d-[\w-]{20,})(?=\s)/.exec(text)?.[1] ?? null;
}

/** Why the code was refused, in Claude Code's own words; `null` where it was not. */
export function refusalIn(text: string): string | null {
  return /OAuth error:[ ]*([^\n]+)/.exec(text)?.[1]?.trim() ?? null;
}
