const BASE = {
  subject: "run",
  severity: "critical",
  exit: "code",
  grant: null,
  since: null,
  until: null,
  fm: [],
  examples: [],
  note: "",
} as const;

/** The login is untouched, and refreshing it would change nothing. */
export const WAIT = { ...BASE, severity: "warning", whoMoves: "wait", retry: "wait" } as const;

/** Nothing that Pilotlight could do would help. */
export const PERSON = { ...BASE, whoMoves: "person", retry: "never" } as const;

export const ADMIN = { ...BASE, whoMoves: "admin", retry: "never" } as const;

/** The server said no to a token, whatever the local clock thinks of it. */
export const REJECTED = {
  ...BASE,
  severity: "warning",
  code: "auth_rejected",
  whoMoves: "pilotlight",
  retry: "refresh_and_repeat",
} as const;

/** A refresh that brought nothing and cost nothing. */
export const DEFERRED = { ...WAIT, subject: "refresh", grant: "stands" } as const;

/** A refresh that may have cost the refresh token. */
export const DOUBTED = { ...DEFERRED, code: "in_doubt", grant: "in_doubt" } as const;

/** A store that only a person can put right. */
export const STORE = { ...PERSON, subject: "store" } as const;
