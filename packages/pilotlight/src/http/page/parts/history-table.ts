import type { HistoryRow } from "../../keep-view.ts";
import { printDuration } from "../../../core/duration.ts";
import { eventKind, eventWords } from "../facts/event-kind.ts";
import { parseTime } from "../facts/print-time.ts";
import { rowKey } from "../live/ledger.ts";
import { el } from "./element.ts";
import { keyed } from "./keyed.ts";
import { moment, setMoment } from "./moment.ts";

export interface HistoryTable {
  readonly element: HTMLElement;
  set(rows: readonly HistoryRow[], now: number): void;
}

const FEW = 12;
const STEP = 50;

/** What happened, newest first: some of it, and a button for more. */
export function historyTable(label: string, isNamed: boolean): HistoryTable {
  const heads = ["When", ...(isNamed ? ["Login"] : []), "What", "Why", "Took"];
  const body = el("tbody");
  const head = el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, name)));
  const table = el("table", { class: "history" }, el("caption", { class: "unseen" }, label));
  table.append(el("thead", {}, head), body);
  const none = el("p", { class: "quiet" }, "Nothing is written down for this time.");
  const more = el("button", { type: "button", class: "more" }, "Show more");
  const lines = keyed(body);
  let most = FEW;
  let latest: readonly [readonly HistoryRow[], number] = [[], 0];
  const draw = () => {
    const [rows, now] = latest;
    const shown = new Map(rows.slice(0, most).map((row) => [rowKey(row), row]));
    lines([...shown.keys()], (key) => lineOf(shown.get(key), isNamed, now));
    table.hidden = rows.length === 0;
    none.hidden = rows.length > 0;
    more.hidden = rows.length <= most;
  };
  more.addEventListener("click", () => {
    most += STEP;
    draw();
  });
  return {
    element: el("div", { class: "history-box" }, table, none, more),
    set(rows, now) {
      latest = [rows, now];
      draw();
    },
  };
}

function lineOf(row: HistoryRow | undefined, isNamed: boolean, now: number) {
  if (row === undefined) return { element: el("tr") };
  const time = moment("clock");
  setMoment(time, parseTime(row.at), now);
  const link = el("a", { href: `/logins/${encodeURIComponent(row.login)}` }, row.login);
  const took = row.durationMs === null ? "" : printTook(row.durationMs);
  const line = el("tr", { "data-kind": eventKind(row) });
  line.append(
    el("td", { class: "when" }, time),
    ...(isNamed ? [el("td", { class: "who" }, link)] : []),
    el(
      "td",
      { class: "what" },
      el("span", { class: "glyph", "aria-hidden": "true" }),
      eventWords(row),
    ),
    el("td", { class: "why" }, row.detail ?? ""),
    el("td", { class: "took" }, took),
  );
  return { element: line };
}

function printTook(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : printDuration(ms);
}
