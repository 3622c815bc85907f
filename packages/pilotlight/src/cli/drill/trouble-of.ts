import { isErrorCode } from "../../core/errors.ts";
import type { KeepTrouble } from "../../core/kept-login.ts";
import type { HistoryEntry } from "../../stores/history-entry.ts";

/**
 * What stands in the way of the next renewal, from a history (newest first): the failures since the last that came.
 * @param renewedAt epoch ms of a renewal that is known; whoever made it writes it into the history a moment later
 */
export function troubleOf(
  entries: readonly HistoryEntry[],
  renewedAt: number | null,
): KeepTrouble | null {
  const refreshes = entries.filter(
    ({ kind, at }) => kind === "refresh" && at > (renewedAt ?? -Infinity),
  );
  const last = refreshes.findIndex(({ code }) => !isErrorCode(code));
  const failures = last < 0 ? refreshes : refreshes.slice(0, last);
  const [newest, oldest] = [failures.at(0), failures.at(-1)];
  if (newest === undefined || oldest === undefined || !isErrorCode(newest.code)) return null;
  const { code, detail } = newest;
  return { code, detail: detail ?? "", since: oldest.at, failures: failures.length };
}
