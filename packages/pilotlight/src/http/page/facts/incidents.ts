import type { HistoryRow } from "../../keep-view.ts";
import { codeOf, eventKind, isRenewal } from "./event-kind.ts";
import { parseTime } from "./print-time.ts";

/** A run of failed events of one login with one code. Times are epoch ms. */
export interface Incident {
  /** The login and the time of the first event: `bot-1763726400000`. */
  readonly id: string;
  readonly login: string;
  readonly code: string;
  readonly since: number;
  readonly last: number;
  /** When something good ended it, or another failure took its place; `null` while it lasts. */
  readonly overAt: number | null;
  /** Oldest first. */
  readonly rows: readonly HistoryRow[];
}

/** Finds the incidents in a history, in any order of rows. Newest first. */
export function incidentsOf(rows: readonly HistoryRow[]): readonly Incident[] {
  const byLogin = Map.groupBy(rows, ({ login }) => login);
  const all = [...byLogin.values()].flatMap(incidentsOfLogin);
  return all.toSorted((a, b) => b.since - a.since);
}

export function parseIncidentId(
  id: string,
): { readonly login: string; readonly at: number } | null {
  const [, login = "", at = ""] = /^(.+)-(\d{1,15})$/.exec(id) ?? [];
  return login === "" ? null : { login, at: Number(at) };
}

function incidentsOfLogin(rows: readonly HistoryRow[]): readonly Incident[] {
  const over: Incident[] = [];
  let open: readonly Incident[] = [];
  const inOrder = rows.toSorted((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
  for (const row of inOrder) {
    const at = parseTime(row.at);
    if (at === null || eventKind(row) === "neutral") continue;
    const [ending, lasting] = [true, false].map((is) =>
      open.filter((one) => ends(row, one) === is),
    );
    over.push(...(ending ?? []).map((incident) => ({ ...incident, overAt: at })));
    open = eventKind(row) === "bad" ? withEvent(lasting ?? [], row, at) : (lasting ?? []);
  }
  return [...over, ...open];
}

/** A new token or a sign-in ends everything, a job that succeeds what jobs met; another failure takes the place of one of its kind. */
function ends(row: HistoryRow, { rows, code }: Incident): boolean {
  if (isRenewal(row) || row.kind === "login") return true;
  const isOfJobs = rows[0]?.kind === "run";
  if (eventKind(row) === "good") return isOfJobs || rows[0]?.code === "auth_rejected";
  return (row.kind === "run") === isOfJobs && codeOf(row) !== code;
}

function withEvent(open: readonly Incident[], row: HistoryRow, at: number): readonly Incident[] {
  const code = codeOf(row);
  if (open.every((incident) => incident.code !== code)) {
    const { login } = row;
    const [id, times] = [`${login}-${at}`, { since: at, last: at, overAt: null }];
    return [...open, { id, login, code, ...times, rows: [row] }];
  }
  return open.map((one) =>
    one.code === code ? { ...one, last: at, rows: [...one.rows, row] } : one,
  );
}
