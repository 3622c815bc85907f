/** Where a variable is set: a settings file, or the environment. */
export function placeIn(origins: Readonly<Record<string, string>>): (name: string) => string {
  return (name) => origins[name] ?? `${name} (environment)`;
}

/** The host of a URL: the rest may hold a user and a password. */
export function hostOf(value: string): string {
  return URL.parse(value)?.host || "(unreadable)";
}
