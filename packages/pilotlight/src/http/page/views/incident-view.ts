import { printDuration } from "../../../core/duration.ts";
import { eventKind } from "../facts/event-kind.ts";
import { type Incident, incidentsOf, parseIncidentId } from "../facts/incidents.ts";
import { printMoment, printUtc } from "../facts/print-time.ts";
import { banner } from "../parts/banner.ts";
import { breadcrumb } from "../parts/breadcrumb.ts";
import { el } from "../parts/element.ts";
import { helpText } from "../parts/help-text.ts";
import { historyTable } from "../parts/history-table.ts";
import { incidentState } from "../parts/incident-list.ts";
import { moveCard } from "../parts/move-card.ts";
import { section } from "../parts/section.ts";
import { onChange, type View } from "./view.ts";

const DAY = 86_400_000;
/** What is kept of the past. */
const ALL = 90 * DAY;

/** One incident: how it went, how it ended, and the help on its code. */
export function incidentView(id: string): View {
  const { login = "", at = 0 } = parseIncidentId(id) ?? {};
  const sentence = banner();
  const card = moveCard("div", false);
  const table = historyTable("Its events, newest first", false);
  const help = helpText();
  const link = el("a", { href: `/logins/${encodeURIComponent(login)}` }, login);
  const element = el(
    "div",
    {},
    breadcrumb("Incident", link),
    sentence.element,
    el(
      "div",
      { class: "beside" },
      el("div", {}, card.element, section("What happened", table.element)),
      help.element,
    ),
  );
  const onIncident = onChange();
  let known: { readonly version: number; readonly incident: Incident | undefined } = {
    version: 0,
    incident: undefined,
  };
  document.title = `Incident of ${login} – Pilotlight`;
  return {
    element,
    wish: { span: ALL, limit: 5000, login },
    show(feed, ledger) {
      if (feed.report === null || ledger.version === 0) return;
      const now = feed.now();
      if (known.version !== ledger.version) {
        const all = incidentsOf(ledger.rows);
        const incident = all.find(({ since, last }) => at >= since && at <= last);
        known = { version: ledger.version, incident };
      }
      const { incident } = known;
      const open = incident?.overAt === null;
      const kept = feed.report.logins.find(({ name }) => name === login) ?? null;
      card.set(open ? kept : null);
      const told = incident === undefined ? null : { ...incident, rows: incident.rows.length };
      onIncident(`${JSON.stringify(told)} ${String(open)}`, () => {
        sentence.set(
          summaryOf(incident, login),
          incident === undefined ? "" : leadOf(incident, now),
        );
        help.set(incident?.code ?? null);
        table.set(incident === undefined ? [] : around(incident, ledger.rows), now);
      });
    },
  };
}

function summaryOf(incident: Incident | undefined, login: string) {
  const unknown = `Nothing is written down of this incident of ${login}.`;
  if (incident === undefined)
    return { tone: "starting" as const, sentence: unknown, command: null, gist: unknown };
  const sentence = `${login}: ${incident.code.replaceAll("_", " ")}, ${incidentState(incident)}.`;
  const tone = incident.overAt === null ? ("degraded" as const) : ("ok" as const);
  return { tone, sentence, command: null, gist: sentence };
}

function leadOf({ since, overAt, code }: Incident, now: number): string {
  const over = overAt === null ? "" : `, over ${printMoment(overAt, now)}`;
  return `${code}: began ${printMoment(since, now)} (${printUtc(since)}), ${printDuration(now - since)} ago${over}.`;
}

/** Its own events and the one that ended it. Newest first. */
function around({ rows, overAt }: Incident, all: Parameters<typeof incidentsOf>[0]) {
  const end = overAt === null ? undefined : new Date(overAt).toISOString();
  const ending = all.find((row) => row.at === end && eventKind(row) !== "neutral");
  return [...(ending === undefined ? [] : [ending]), ...rows.toReversed()];
}
