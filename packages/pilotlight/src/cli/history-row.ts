import { isoOf } from "../core/iso-time.ts";
import type { HistoryRow } from "../http/keep-view.ts";
import type { HistoryEntry } from "../stores/history-entry.ts";

/** An entry as `pilotlight.history/v1` shows it. */
export function historyRow({ at, from, to, ...rest }: HistoryEntry): HistoryRow {
  return { at: isoOf(at), ...rest, fromFingerprint: from, toFingerprint: to };
}
