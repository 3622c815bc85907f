import type { HistoryRow } from "../../keep-view.ts";
import { isRenewal } from "./event-kind.ts";
import { parseTime } from "./print-time.ts";

/** How often something happened, by time and by name. */
export interface Tally {
  /** Where each span begins, epoch s, as uPlot wants them. */
  readonly times: readonly number[];
  readonly series: readonly { readonly name: string; readonly counts: readonly number[] }[];
  readonly total: number;
}

/** What is counted over: epoch ms, and spans of so many ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** More names than can be told apart by colour are counted together. */
const MOST = 5;

/** Renewals that came to something, and those that did not. */
export function tallyOutcomes(rows: readonly HistoryRow[], span: Span): Tally {
  const refreshes = rows.filter(({ kind, code }) => kind === "refresh" && code !== "logged_out");
  return tally(refreshes, span, (row) => (isRenewal(row) ? "renewed" : "failed"), [
    "renewed",
    "failed",
  ]);
}

/** Jobs by how they ended. */
export function tallyJobs(rows: readonly HistoryRow[], span: Span): Tally {
  const runs = rows.filter(({ kind }) => kind === "run");
  const often = Object.entries(Object.groupBy(runs, ({ code }) => code))
    .map(([code, all = []]) => ({ code, count: all.length }))
    .filter(({ code }) => code !== "ok")
    .toSorted((a, b) => b.count - a.count)
    .map(({ code }) => code);
  const shown = often.slice(0, often.length > MOST - 1 ? MOST - 2 : MOST - 1);
  const nameOf = ({ code }: HistoryRow) => (code === "ok" || shown.includes(code) ? code : "other");
  const others = often.length > shown.length ? ["other"] : [];
  return tally(runs, span, nameOf, ["ok", ...shown, ...others]);
}

/** When renewals ended (epoch s), and how long each took (s). */
export function latencies(rows: readonly HistoryRow[], { from, to }: Span): [number[], number[]] {
  const points = rows
    .filter(isRenewal)
    .flatMap(({ at, durationMs }) => {
      const time = parseTime(at);
      const isShown = time !== null && time >= from && time <= to && durationMs !== null;
      return isShown ? [[time / 1000, durationMs / 1000] as const] : [];
    })
    .toSorted(([a], [b]) => a - b);
  return [points.map(([time]) => time), points.map(([, seconds]) => seconds)];
}

function tally(
  rows: readonly HistoryRow[],
  { from, to, step }: Span,
  nameOf: (row: HistoryRow) => string,
  names: readonly string[],
): Tally {
  const first = Math.floor(from / step);
  const length = Math.floor(to / step) - first + 1;
  const series = names.map((name) => ({ name, counts: Array.from({ length }, () => 0) }));
  let total = 0;
  for (const row of rows) {
    const index = Math.floor((parseTime(row.at) ?? -1) / step) - first;
    const counts = series.find(({ name }) => name === nameOf(row))?.counts;
    if (counts === undefined || index < 0 || index >= length) continue;
    counts[index] = (counts[index] ?? 0) + 1;
    total += 1;
  }
  const times = Array.from({ length }, (_, index) => ((first + index) * step) / 1000);
  return { times, series, total };
}
