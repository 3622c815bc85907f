import type { StatusReport } from "../../../core/status-report.ts";
import type { LoginHealth } from "../../../core/health.ts";
import { incidentsOf } from "../facts/incidents.ts";
import { isForPeople, summaryOf } from "../facts/summary.ts";
import type { Ledger } from "../live/ledger.ts";
import { announce } from "../parts/announcer.ts";
import { banner } from "../parts/banner.ts";
import { chartRow } from "../parts/chart-row.ts";
import { el, put, say } from "../parts/element.ts";
import { historyTable } from "../parts/history-table.ts";
import { incidentList } from "../parts/incident-list.ts";
import { keyed } from "../parts/keyed.ts";
import { loginFilter } from "../parts/login-filter.ts";
import { type MoveCard, moveCard } from "../parts/move-card.ts";
import { offerNight } from "../parts/offer-night.ts";
import { section } from "../parts/section.ts";
import { timeLine } from "../parts/time-line.ts";
import { onChange, type View } from "./view.ts";

const DAY = 86_400_000;
/** Rows of history: a day of 200 logins. */
const MOST = 3000;
const MOST_MOVES = 12;

/** All logins at a glance. */
export function overview(): View {
  let reach: Ledger["reach"] | undefined;
  let again = () => {};
  const sentence = banner();
  const moves = moveList();
  const lanes = timeLine("24 h", (span) => void reach?.(span));
  const filter = loginFilter(() => again());
  const incidents = incidentList();
  const table = historyTable("What happened, newest first", true);
  const charts = chartRow();
  const element = el(
    "div",
    {},
    sentence.element,
    moves.element,
    section("Logins", filter.element, lanes.element),
    el(
      "div",
      { class: "pair" },
      section("Incidents", incidents.element),
      section("What happened last", table.element),
    ),
    section("Figures", charts.element),
  );
  const onNews = onChange();
  const onLedger = onChange();
  return {
    element,
    wish: { span: DAY, limit: MOST },
    show(feed, ledger) {
      const { report } = feed;
      reach = ledger.reach;
      again = () => this.show(feed, ledger);
      if (report === null) return;
      const now = feed.now();
      const summary = summaryOf(report, now);
      sentence.set(summary, leadOf(report.logins, ledger.status));
      document.title = `${titleOf(report.logins)}Pilotlight`;
      onNews(summary.gist, () => announce(summary.sentence));
      moves.set(report.logins, summary.command === null);
      lanes.set(filter.pick(report.logins), ledger, now);
      offerNight(lanes, report.drill);
      onLedger(`${ledger.version} ${Math.floor(now / 300_000)}`, () => {
        incidents.set(incidentsOf(ledger.rows), now);
        table.set(ledger.rows, now);
        charts.set(ledger.rows, lanes.span(), now);
      });
    },
  };
}

/** Those that are not well, and whose move it is; what all need that wait for a person stands on top already. */
function moveList() {
  const list = el("ul", { class: "moves" });
  const more = el("p", { class: "quiet" });
  const element = section("Whose move it is", list, more);
  const cards = keyed<MoveCard>(list);
  return {
    element,
    set(all: readonly LoginHealth[], isTyped: boolean) {
      const waiting = all.filter(({ action, health }) => action !== null && health !== "ok");
      const others = waiting.filter((login) => !isForPeople(login));
      const logins = [...waiting.filter(isForPeople), ...others].slice(0, MOST_MOVES);
      element.hidden = logins.length === 0;
      more.hidden = waiting.length === logins.length;
      say(more, `and ${waiting.length - logins.length} more, below`);
      put(list, "data-count", String(Math.min(logins.length, 3)));
      const names = logins.map(({ name }) => name);
      for (const [index, card] of cards(names, () => moveCard("li", true)).entries()) {
        const login = logins[index];
        if (login !== undefined) card.set(login, isTyped || !isForPeople(login));
      }
    },
  };
}

function titleOf(logins: readonly LoginHealth[]): string {
  const waiting = logins.filter(isForPeople).length;
  if (waiting > 0) return waiting === 1 ? "1 needs you – " : `${waiting} need you – `;
  const down = logins.filter(({ health }) => health === "down").length;
  return down === 0 ? "" : `${down} down – `;
}

function leadOf(logins: readonly LoginHealth[], status: StatusReport | null): string {
  const counts = Map.groupBy(logins, ({ health }) => health);
  const words = (["ok", "degraded", "down", "starting"] as const)
    .map((health) => ({ health, count: counts.get(health)?.length ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ health, count }) => `${count} ${health}`);
  const kept = `${logins.length} ${logins.length === 1 ? "login" : "logins"}: ${words.join(", ")}`;
  if (status === null) return `${kept}.`;
  const { billing, shadowed } = status.effective;
  const payer =
    billing === "none"
      ? "nobody pays"
      : `jobs here are billed to ${billing === "subscription" ? "the subscription" : billing}`;
  const shade = shadowed.length === 0 ? "" : `, with ${shadowed.join(" and ")} in the shade`;
  return `${kept}; ${payer}${shade}.`;
}
