import type { Credential } from "../core/credential.ts";
import type { Journal, JournalRecord } from "../core/ports.ts";
import { type Delay, noDelay } from "./memory-store.ts";

/** A journal's content, which outlives the processes of a simulation. */
export interface JournalContent {
  record: JournalRecord | null;
  readonly archived: Credential[];
}

export function emptyJournal(): JournalContent {
  return { record: null, archived: [] };
}

/** A journal in memory. */
export function memoryJournal(content: JournalContent, delay: Delay = noDelay): Journal {
  return {
    async read() {
      await delay("journal.read");
      return content.record;
    },
    async write(record) {
      await delay("journal.write");
      content.record = record;
    },
    async clear() {
      await delay("journal.clear");
      content.record = null;
    },
    async archive(credential) {
      await delay("journal.archive");
      content.archived.push(credential);
    },
    proveWritable: () => delay("journal.proveWritable"),
  };
}
