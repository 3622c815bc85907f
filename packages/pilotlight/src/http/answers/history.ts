import { parseDuration } from "../../core/duration.ts";
import { PilotlightError } from "../../core/errors.ts";
import { HISTORY_BOUNDS } from "../../core/history-bounds.ts";
import { isoOf } from "../../core/iso-time.ts";
import { isPlainName } from "../../core/plain-name.ts";
import { discreet } from "../../core/discreet.ts";
import type { HistoryRow, KeepView } from "../keep-view.ts";

/** `pilotlight.history/v1`. */
export interface HistoryReport {
  readonly schema: "pilotlight.history/v1";
  readonly generatedAt: string | null;
  readonly entries: readonly HistoryRow[];
}

/** Answers `?since=7d&limit=50&login=`. @throws PilotlightError `usage`, and what the history throws */
export async function historyReport(
  view: KeepView,
  parameters: URLSearchParams,
): Promise<HistoryReport> {
  const now = view.now();
  const { span, ...query } = parseQuery(parameters);
  const entries = await view.history({ ...query, since: Math.max(0, now - span) });
  return {
    schema: "pilotlight.history/v1",
    generatedAt: isoOf(now),
    entries: entries.map((row) => ({
      ...row,
      detail: row.detail === null ? null : discreet(row.detail),
    })),
  };
}

function parseQuery(parameters: URLSearchParams) {
  const { rows, mostRows } = HISTORY_BOUNDS;
  const span = parseDuration(parameters.get("since") ?? HISTORY_BOUNDS.span);
  if (span === null) refuse("since is no time such as 12h or 7d");
  const typed = parameters.get("limit") ?? String(rows);
  const limit = /^\d{1,5}$/.test(typed) ? Number(typed) : 0;
  if (limit < 1 || limit > mostRows) refuse(`limit is no number from 1 to ${mostRows}`);
  const login = parameters.get("login") || undefined;
  if (login !== undefined && !isPlainName(login)) refuse("login is no name of a login");
  return { span, limit, login };
}

/** What was sent is not repeated: it is somebody else's text. */
function refuse(why: string): never {
  throw new PilotlightError("usage", why);
}
