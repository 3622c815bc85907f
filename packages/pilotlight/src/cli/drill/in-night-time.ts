import type { Credential, Entry } from "../../core/credential.ts";
import type { LoginView } from "../../core/login-status.ts";
import type { LoginRecord } from "../../core/ports.ts";

/** The same view of a login with every date so many ms later: by the night's clock instead of the machine's. */
export function inNightTime(view: LoginView, ms: number): LoginView {
  return { ...view, entry: movedEntry(view.entry, ms), record: movedRecord(view.record, ms) };
}

function movedEntry(entry: Entry, ms: number): Entry {
  return entry.state === "present"
    ? { ...entry, credential: movedCredential(entry.credential, ms) }
    : entry;
}

function movedRecord(record: LoginRecord, ms: number): LoginRecord {
  const { verdict, generation } = record;
  return {
    ...record,
    verdict: verdict && { ...verdict, at: verdict.at + ms },
    generation: generation && movedCredential(generation, ms),
  };
}

function movedCredential(credential: Credential, ms: number): Credential {
  const moved = (time: number | null) => (time === null ? null : time + ms);
  const { expiresAt, loginEndsAt } = credential;
  return { ...credential, expiresAt: moved(expiresAt), loginEndsAt: moved(loginEndsAt) };
}
