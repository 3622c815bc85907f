import { parseDuration } from "../../core/duration.ts";
import { PilotlightError } from "../../core/errors.ts";
import { isoOf } from "../../core/iso-time.ts";
import { discreet } from "../../core/discreet.ts";
import type { HistoryRow, KeepView } from "../keep-view.ts";

/** As many as the history holds; the command has the same bounds. */
const MOST_ROWS = 20_000;
const ROWS = 50;
const WEEK = "7d";
/** As the configuration has them. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;

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
  const span = parseDuration(parameters.get("since") ?? WEEK);
  if (span === null) refuse("since is no time such as 12h or 7d");
  const typed = parameters.get("limit") ?? String(ROWS);
  const limit = /^\d{1,5}$/.test(typed) ? Number(typed) : 0;
  if (limit < 1 || limit > MOST_ROWS) refuse(`limit is no number from 1 to ${MOST_ROWS}`);
  const login = parameters.get("login") || undefined;
  if (login !== undefined && !NAME.test(login)) refuse("login is no name of a login");
  return { span, limit, login };
}

/** What was sent is not repeated: it is somebody else's text. */
function refuse(why: string): never {
  throw new PilotlightError("usage", why);
}
