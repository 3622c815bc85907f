import { dirname, join, resolve } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where Claude Code keeps one login and its settings. */
export interface Locations {
  /** Settings, sessions and, unless moved, the credential. */
  readonly configDir: string;
  readonly credentialsFile: string;
  /** The directory whose locks guard the credential. */
  readonly lockDir: string;
  readonly settingsFile: string;
  /** Claude Code's own state: account, onboarding, the key of a sign-in to the Console. */
  readonly stateFile: string;
}

/** What a configured login may say of its place; both `null` for the user's own login. */
export interface Place {
  readonly dir: string | null;
  readonly credentialsFile: string | null;
}

/**
 * Finds the login as Claude Code does: `CLAUDE_CONFIG_DIR`, else `~/.claude`; the credential in
 * `CLAUDE_SECURESTORAGE_CONFIG_DIR` where that is set (honoured since 2.1.216). An empty
 * `CLAUDE_CONFIG_DIR` means the working directory, the other one empty is unset (measured 2026-11).
 */
export function locate(place: Place, env: Environment, home: string): Locations {
  const configDir = resolve(place.dir ?? env["CLAUDE_CONFIG_DIR"] ?? join(home, ".claude"));
  const secureDir = resolve((place.dir ?? env["CLAUDE_SECURESTORAGE_CONFIG_DIR"]) || configDir);
  const credentialsFile = place.credentialsFile ?? join(secureDir, ".credentials.json");
  return {
    configDir,
    credentialsFile,
    lockDir: dirname(credentialsFile),
    settingsFile: join(configDir, "settings.json"),
    stateFile: join(place.dir || env["CLAUDE_CONFIG_DIR"] ? configDir : home, ".claude.json"),
  };
}
