import type { Feed } from "../live/feed.ts";
import type { Ledger, LedgerWish } from "../live/ledger.ts";

/** One kind of page. */
export interface View {
  readonly element: HTMLElement;
  /** What it has to know of the past. */
  readonly wish: LedgerWish;
  /** Shows what is known now, by changing what is there. */
  show(feed: Feed, ledger: Ledger): void;
}

/** Runs a task only when what it depends on has changed. */
export function onChange(): (key: string, task: () => void) => void {
  let last: string | null = null;
  return (key, task) => {
    if (key === last) return;
    last = key;
    task();
  };
}
