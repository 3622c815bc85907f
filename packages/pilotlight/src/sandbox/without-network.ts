/** Leaves out every way to a network, so that a rehearsal can put its own sandbox there. */
export function withoutNetwork(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/proxy|cert|ssl/i.test(name)));
}
