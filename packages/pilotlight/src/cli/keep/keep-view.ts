import type { KeepMetrics } from "../../http/keep-metrics.ts";
import type { KeepView } from "../../http/keep-view.ts";
import { readHistory } from "../../stores/history.ts";
import { historyRow } from "../history-row.ts";
import { VERSION } from "../version.ts";
import type { KeepSession } from "./keep-session.ts";

/** Who is called after every change. */
export interface Listeners {
  add(listener: () => void): () => void;
  call(): void;
}

export function listeners(): Listeners {
  const all = new Set<() => void>();
  return {
    add(listener) {
      all.add(listener);
      return () => void all.delete(listener);
    },
    call() {
      for (const listener of all) listener();
    },
  };
}

/** What the HTTP face sees of a daemon, whichever session it is in. */
export function keepView(
  current: () => KeepSession,
  metrics: KeepMetrics,
  changes: Listeners,
): KeepView {
  return {
    version: VERSION,
    now: () => Date.now(),
    isTicking: () => current().keeper.isTicking(),
    logins: () => current().keeper.logins(),
    status: () => current().status(),
    history: async (query) => (await readHistory(current().config.stateDir, query)).map(historyRow),
    refresh: (login, options) => current().keeper.refresh(login, options),
    onChange: (listener) => changes.add(listener),
    metrics: () => metrics.print(),
  };
}
