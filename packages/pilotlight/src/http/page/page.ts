/** The status page: finds out which page this is, and keeps it right for as long as it is open. */
import { openFeed } from "./live/feed.ts";
import { openLedger } from "./live/ledger.ts";
import { drillLine } from "./parts/drill-line.ts";
import { tick } from "./parts/moment.ts";
import { topBar } from "./parts/top-bar.ts";
import { incidentView } from "./views/incident-view.ts";
import { loginView } from "./views/login-view.ts";
import { overview } from "./views/overview.ts";
import type { View } from "./views/view.ts";

function viewOf(path: string): View {
  const [, kind, name = ""] = path.split("/").map(decodeURIComponent);
  if (kind === "logins") return loginView(name);
  return kind === "incidents" ? incidentView(name) : overview();
}

const view = viewOf(location.pathname);
document.querySelector("#main")?.replaceChildren(view.element);
const bar = topBar();
const setDrill = drillLine();

/** Much can change at once; it is drawn once. */
let isAsked = false;
function show(): void {
  if (isAsked) return;
  isAsked = true;
  setTimeout(() => {
    isAsked = false;
    view.show(feed, ledger);
    setDrill(feed.report?.drill);
    bar.tick(feed);
    document.body.dataset["shown"] = String(ledger.version);
  });
}

let told = "";
const feed = openFeed(() => {
  show();
  const now = JSON.stringify([
    feed.report?.logins.map(({ renewedAt, trouble, proof }) => [renewedAt, trouble, proof]),
    feed.report?.drill,
  ]);
  if (told !== "" && told !== now) ledger.renew();
  told = now;
});
const ledger = openLedger(view.wish, show);

setInterval(() => {
  bar.tick(feed);
  if (feed.report === null || document.hidden) return;
  tick(feed.now());
  view.show(feed, ledger);
  setDrill(feed.report.drill);
}, 1000);
