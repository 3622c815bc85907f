import { printDuration } from "../../../core/duration.ts";
import type { Incident } from "../facts/incidents.ts";
import { el, put, say } from "./element.ts";
import { keyed } from "./keyed.ts";
import { moment, setMoment } from "./moment.ts";

export interface IncidentList {
  readonly element: HTMLElement;
  set(incidents: readonly Incident[], now: number): void;
}

const MOST = 8;

/** Incidents, newest first, each with a page of its own. */
export function incidentList(): IncidentList {
  const list = el("ul", { class: "incidents" });
  const none = el("p", { class: "quiet" }, "No incident in this time.");
  const items = keyed<ReturnType<typeof itemOf>>(list);
  return {
    element: el("div", {}, list, none),
    set(incidents, now) {
      const shown = incidents.slice(0, MOST);
      const ids = shown.map(({ id }) => id);
      for (const [index, item] of items(ids, itemOf).entries()) {
        const incident = shown[index];
        if (incident !== undefined) item.set(incident, now);
      }
      none.hidden = shown.length > 0;
      list.hidden = shown.length === 0;
    },
  };
}

function itemOf(id: string) {
  const state = el("span", { class: "state" });
  const time = moment("clock");
  const link = el("a", { href: `/incidents/${encodeURIComponent(id)}` });
  const element = el("li", {}, link, " ", state, el("span", { class: "quiet" }, "began ", time));
  return {
    element,
    set(incident: Incident, now: number) {
      setMoment(time, incident.since, now);
      say(link, `${incident.login}: ${incident.code}`);
      put(element, "data-open", String(incident.overAt === null));
      say(state, incidentState(incident));
    },
  };
}

/** Whether it lasts, how often it happened, and how long. */
export function incidentState({ rows, since, overAt }: Incident): string {
  const times = rows.length === 1 ? "once" : `${rows.length} times`;
  return overAt === null
    ? `open, ${times}`
    : `over after ${printDuration(overAt - since)}, ${times}`;
}
