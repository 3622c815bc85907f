import type { HealthReport } from "../../answers/health.ts";

/** Whether what is shown is what is. */
export type Connection = "connecting" | "live" | "polling" | "stale";

export interface Feed {
  readonly report: HealthReport | null;
  readonly connection: Connection;
  /** When the keeper was heard last, by this machine's clock (epoch ms). */
  readonly heardAt: number | null;
  /** Now, by the keeper's clock (epoch ms). */
  now(): number;
}

/** ms of silence after which the keeper is asked; the report comes by itself only when something changes. */
const SILENCE = 20_000;
const PATIENCE = 5000;

/** Listens to the keeper for as long as the page is open. @param changed called after every word, and every silence */
export function openFeed(changed: () => void): Feed {
  let skew = 0;
  let events: EventSource | null = null;
  let isAsking = false;
  const feed: { -readonly [Key in keyof Feed]: Feed[Key] } = {
    report: null,
    connection: "connecting",
    heardAt: null,
    now: () => Date.now() + skew,
  };
  const turn = (connection: Connection) => {
    if (feed.connection === connection) return;
    feed.connection = connection;
    changed();
  };
  const hear = (report: HealthReport) => {
    feed.report = report;
    feed.heardAt = Date.now();
    skew = Date.parse(report.generatedAt ?? "") - Date.now() || 0;
    feed.connection = events?.readyState === EventSource.OPEN ? "live" : "polling";
    changed();
  };
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    const report = await askHealth();
    isAsking = false;
    if (report === null) turn("stale");
    else hear(report);
  };
  const listen = () => {
    events?.close();
    events = new EventSource("/events");
    events.addEventListener("status", ({ data }) => hear(JSON.parse(String(data)) as HealthReport));
    // The browser tries again by itself, unless it was refused; then the check below does.
    events.addEventListener("error", () => void ask());
  };
  listen();
  // A browser has six connections to a server, and a keeper 32 listeners: a page that nobody looks at only asks.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) events?.close();
    else listen();
  });
  setInterval(() => {
    if (events?.readyState === EventSource.CLOSED && !document.hidden) listen();
    const silence = Date.now() - (feed.heardAt ?? 0);
    if (silence > SILENCE || feed.connection === "stale") void ask();
  }, PATIENCE);
  return feed;
}

async function askHealth(): Promise<HealthReport | null> {
  try {
    const answer = await fetch("/api/v1/health", { signal: AbortSignal.timeout(PATIENCE) });
    return answer.ok ? ((await answer.json()) as HealthReport) : null;
  } catch {
    return null;
  }
}
