import type { JobEnded } from "../job-process.ts";
import type { Facts } from "./acts.ts";

interface Announcement {
  readonly code?: string | null;
  readonly command?: string | null;
}

/** `check` says it of the login itself, `status` in its action. */
type Announcing = Announcement & { readonly action?: Announcement | null };

/** What an error or an announcement names: in the one line on stderr, or in the object on stdout. */
export function announcedBy({ stdout, stderr }: JobEnded): Pick<Facts, "code" | "command"> {
  const failure = /^pilotlight: (\w+): .*$/m.exec(stderr);
  if (failure !== null) {
    const [line, code = null] = failure;
    return { code, command: /\(\$ ([^)]+)\)/.exec(line)?.[1] ?? null };
  }
  const [login] = loginsIn(stdout);
  const { code = null, command = null } = login?.action ?? login ?? {};
  return { code, command };
}

function loginsIn(stdout: string): readonly Announcing[] {
  try {
    const { logins = [] } = JSON.parse(stdout) as { logins?: readonly Announcing[] };
    return logins;
  } catch {
    return [];
  }
}
