import { type Renewal, renewal, type RenewalParts } from "./renewal.ts";

/** The renewals of a keeper's logins. */
export interface Renewals {
  of(login: string): Renewal;
  /** Gives up what waits for a person; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export function renewals(parts: Omit<RenewalParts, "login">): Renewals {
  const all = new Map<string, Renewal>();
  return {
    of(login) {
      const one = all.get(login) ?? renewal({ ...parts, login });
      all.set(login, one);
      return one;
    },
    async stop() {
      await Promise.all([...all.values()].map((one) => one.stop("the keeper ends")));
    },
  };
}
