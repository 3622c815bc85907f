/** Whose login a command is to be about. */
export interface CommandPlace {
  readonly name: string;
  /** The directory that the login was given by configuration; `null` for the user's own. */
  readonly configDir: string | null;
}

/** A command of the error table as it has to be typed for one login: ours with its name, Claude Code's in its directory. */
export function commandFor(
  command: string | null | undefined,
  { name, configDir }: CommandPlace,
): string | null {
  if (command === null || command === undefined) return null;
  if (/^claude auth login\b/.test(command)) {
    return configDir === null ? command : `CLAUDE_CONFIG_DIR=${inQuotes(configDir)} ${command}`;
  }
  if (/^pilotlight (?:refresh|login)\b/.test(command)) {
    return name === "default" ? command : `${command} --login ${name}`;
  }
  return command;
}

/** One word for a POSIX shell, whatever it holds. */
export function inQuotes(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
