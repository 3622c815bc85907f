import { printDuration } from "../../../core/duration.ts";
import type { Connection, Feed } from "../live/feed.ts";
import { announce, announcer } from "./announcer.ts";
import { el, put, say, svg } from "./element.ts";

export interface TopBar {
  /** Says how fresh everything is. Called once a second. */
  tick(feed: Feed): void;
}

const FLAME =
  "M8.6.8c.5 2.6-.6 3.9-1.8 5.3-1.3 1.5-2.6 2.9-2.6 5.1a3.9 3.9 0 0 0 7.7.1c.2-2.5-1.3-4-2-5.6-.4 1.1-.8 1.7-1.6 2.2.9-2.5 1.1-5-.7-7.1z";

/** The name, the version, and whether what is shown is what is. */
export function topBar(): TopBar {
  const state = el("span", {}, "Connecting");
  const link = el("p", { class: "link", "data-connection": "connecting" }, state);
  const flame = svg(
    "svg",
    { viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: FLAME }),
  );
  const home = el("a", { class: "brand", href: "/" }, flame, "Pilotlight");
  document.querySelector("#top")?.append(home, link, announcer());
  const version = el("span");
  document.querySelector("#foot")?.append(version, ...footLinks());
  let last: Connection = "connecting";
  return {
    tick(feed) {
      const { connection, heardAt, report } = feed;
      put(link, "data-connection", connection);
      say(state, wordsOf(connection, heardAt === null ? null : Date.now() - heardAt));
      if (report !== null) say(version, `Pilotlight ${report.version}`);
      document.body.classList.toggle("is-stale", connection === "stale");
      const isNews = (last === "stale") !== (connection === "stale");
      if (isNews)
        announce(
          connection === "stale"
            ? "The connection is lost; what is shown is old"
            : "Connected again",
        );
      last = connection;
    },
  };
}

function footLinks(): HTMLElement[] {
  const routes = {
    health: "/healthz",
    status: "/api/v1/status",
    metrics: "/metrics",
    API: "/openapi.json",
  };
  return Object.entries(routes).map(([name, href]) => el("a", { href }, name));
}

function wordsOf(connection: Connection, silence: number | null): string {
  switch (connection) {
    case "connecting":
      return "Connecting";
    case "live":
      return "Live";
    case "polling":
      return "Live, asked every few seconds";
    case "stale": {
      const old = silence === null ? "nothing heard yet" : `as of ${printDuration(silence)} ago`;
      return `No connection, ${old}; trying again`;
    }
  }
}
