import { printDuration } from "../../../core/duration.ts";
import type { Incident } from "../facts/incidents.ts";
import { el, put, say } from "./element.ts";
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
  const items = new Map<string, ReturnType<typeof itemOf>>();
  return {
    element: el("div", {}, list, none),
    set(incidents, now) {
      const shown = incidents.slice(0, MOST).map((incident) => {
        const item = items.get(incident.id) ?? itemOf(incident, now);
        items.set(incident.id, item);
        item.set(incident);
        return item.element;
      });
      none.hidden = shown.length > 0;
      list.hidden = shown.length === 0;
      const isSame =
        shown.length === list.children.length &&
        shown.every((item, index) => list.children[index] === item);
      if (!isSame) list.replaceChildren(...shown);
    },
  };
}

function itemOf({ id, login, code, since }: Incident, now: number) {
  const state = el("span", { class: "state" });
  const time = moment("clock");
  setMoment(time, since, now);
  const link = el("a", { href: `/incidents/${encodeURIComponent(id)}` }, `${login}: ${code}`);
  const element = el("li", {}, link, " ", state, el("span", { class: "quiet" }, "began ", time));
  return {
    element,
    set(incident: Incident) {
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
