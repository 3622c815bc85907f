export type Variables = Readonly<Record<string, string | undefined>>;

/** Where a variable is set: a settings file, or the environment. */
export function placeIn(origins: Readonly<Record<string, string>>): (name: string) => string {
  return (name) => origins[name] ?? `${name} (environment)`;
}

/** Where requests go instead of to Anthropic; `null` where they go there. */
export function gatewayIn(env: Variables): string | null {
  const url = env["ANTHROPIC_BASE_URL"] ?? "";
  return url === "" || /^https:\/\/api\.anthropic\.com\/?$/.test(url) ? null : url;
}

/** The host of a URL: the rest may hold a user and a password. */
export function hostOf(value: string): string {
  return URL.parse(value)?.host || "(unreadable)";
}
