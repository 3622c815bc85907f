import { EMPTY_RECORD, type LoginRecord, type LoginRecords } from "../core/ports.ts";
import { type Delay, noDelay } from "./memory-store.ts";

/** A login's record, which outlives the processes of a simulation; `null` before the first write. */
export interface RecordContent {
  record: LoginRecord | null;
}

const SPENT_KEPT = 256;

/** Login records in memory. */
export function memoryLoginRecords(content: RecordContent, delay: Delay = noDelay): LoginRecords {
  return {
    async read() {
      await delay("records.read");
      return content.record ?? EMPTY_RECORD;
    },
    async write(record) {
      await delay("records.write");
      content.record = { ...record, spent: record.spent.slice(-SPENT_KEPT) };
    },
  };
}
