import type { LoginHealth } from "../../../core/health.ts";
import type { LoginStatus } from "../../../core/login-status.ts";
import { incidentsOf } from "../facts/incidents.ts";
import { summaryOf } from "../facts/summary.ts";
import type { Ledger } from "../live/ledger.ts";
import { announce } from "../parts/announcer.ts";
import { banner } from "../parts/banner.ts";
import { breadcrumb } from "../parts/breadcrumb.ts";
import { chartRow } from "../parts/chart-row.ts";
import { el } from "../parts/element.ts";
import { factList } from "../parts/fact-list.ts";
import { helpText } from "../parts/help-text.ts";
import { historyTable } from "../parts/history-table.ts";
import { incidentList } from "../parts/incident-list.ts";
import { moveCard } from "../parts/move-card.ts";
import { offerNight } from "../parts/offer-night.ts";
import { section } from "../parts/section.ts";
import { timeLine } from "../parts/time-line.ts";
import { onChange, type View } from "./view.ts";

const WEEK = 7 * 86_400_000;

/** One login: everything known of it, and the help on what is wrong. */
export function loginView(name: string): View {
  let reach: Ledger["reach"] | undefined;
  const sentence = banner();
  const card = moveCard("div", false);
  const facts = factList();
  const lanes = timeLine("7 days", (span) => void reach?.(Math.max(WEEK, span)));
  const incidents = incidentList();
  const table = historyTable(`What happened to ${name}, newest first`, false);
  const charts = chartRow();
  const help = helpText();
  const element = el(
    "div",
    {},
    breadcrumb(name),
    sentence.element,
    card.element,
    section("Time line", lanes.element),
    el("div", { class: "beside" }, section("What is known", facts.element), help.element),
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
  document.title = `${name} – Pilotlight`;
  return {
    element,
    wish: { span: WEEK, limit: 2000, login: name },
    show(feed, ledger) {
      const { report } = feed;
      reach = ledger.reach;
      if (report === null) return;
      const now = feed.now();
      const login = report.logins.find((one) => one.name === name);
      element.classList.toggle("is-unknown", login === undefined);
      if (login === undefined) {
        const unknown = `There is no login named ${name}.`;
        sentence.set({ tone: "starting", sentence: unknown, command: null, gist: unknown }, "");
        return;
      }
      const summary = summaryOf({ ...report, health: login.health, logins: [login] }, now);
      sentence.set(
        { ...summary, sentence: `${name}: ${lowered(summary.sentence)}`, command: null },
        "",
      );
      onNews(summary.gist, () => announce(`${name}: ${summary.sentence}`));
      card.set(login);
      facts.set(login, statusOf(ledger, name), now);
      help.set(helpCodeOf(login));
      lanes.set([login], ledger, now);
      offerNight(lanes, report.drill);
      onLedger(`${ledger.version} ${Math.floor(now / 300_000)}`, () => {
        incidents.set(incidentsOf(ledger.rows), now);
        table.set(ledger.rows, now);
        charts.set(ledger.rows, Math.max(WEEK, lanes.span()), now);
      });
    },
  };
}

function statusOf({ status }: Ledger, name: string): LoginStatus | null {
  return status?.logins.find((login) => login.name === name) ?? null;
}

/** An end that is near has the same remedy as one that came. */
function helpCodeOf({ action, trouble }: LoginHealth): string | null {
  if (action?.code === "login_ends_soon") return "login_ended";
  const isOwn = action?.code === "refresh_due" || action?.code === "expires_at_in_seconds";
  return trouble?.code ?? (isOwn ? null : (action?.code ?? null));
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
