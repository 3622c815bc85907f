import { type Hit, hitsIn } from "./claude-in-line.ts";
import type { ScannedFile } from "./scan-files.ts";

const FILE = String.raw`[^\s"',:]*\.credentials\.json`;

/** What a line does with a credential file, most telling first. */
const USES: readonly (readonly [RegExp, string])[] = [
  [
    /^\s*(COPY|ADD)\s.*(\.credentials\.json|\.claude\b)/i,
    "copies a login into an image: every container then spends the same refresh token",
  ],
  [
    /(secrets\.|\$\{?\w*(CRED|SECRET|LOGIN)\w*).*>\s*["']?[^\s]*\.credentials\.json/i,
    "writes a stored login into a runner that is thrown away: what it rotates is lost",
  ],
  [
    new RegExp(String.raw`${FILE}["']?:["']?/[^\s]*:[\w,]*\bro\b`),
    "mounts the credential as one file, read-only: a refresh in there spends the token and loses it",
  ],
  [
    new RegExp(String.raw`${FILE}["']?:["']?/|(?:source|src)\s*[:=]\s*["']?${FILE}`),
    "mounts the credential as one file: after a rename on the host the container keeps the old one",
  ],
  [
    /\.claude\/?["']?:["']?\/[^\s]*:[\w,]*\bro\b/,
    "mounts the config directory read-only: nothing in there can refresh",
  ],
];

/** Finds where a login is copied or mounted in a way that loses it. */
export function credentialCopies(files: readonly ScannedFile[]): readonly Hit[] {
  return hitsIn(files, ({ text }) => USES.find(([pattern]) => pattern.test(text))?.[1] ?? null);
}

/** Finds where an access token is taken out of a store and frozen into an environment. */
export function frozenTokens(files: readonly ScannedFile[]): readonly Hit[] {
  return hitsIn(files, ({ text }) =>
    /accessToken/.test(text) && /CLAUDE_CODE_OAUTH_TOKEN|ANTHROPIC_AUTH_TOKEN|\bjq\b/.test(text)
      ? "takes the access token out of the store: it ends within hours, and nothing renews the copy"
      : null,
  );
}
