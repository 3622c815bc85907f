import type { StatusReport } from "../../../core/status-report.ts";
import type { HistoryReport } from "../../answers/history.ts";
import type { HistoryRow } from "../../keep-view.ts";

/** What happened, as far back as it was asked for. */
export interface Ledger {
  /** Newest first. */
  readonly rows: readonly HistoryRow[];
  readonly byLogin: ReadonlyMap<string, readonly HistoryRow[]>;
  readonly status: StatusReport | null;
  /** Whether there was more than was asked for. */
  readonly isCut: boolean;
  /** Changes with the rows. */
  readonly version: number;
  /** Asks for all that happened in so many ms, instead of what is held. */
  reach(span: number): Promise<void>;
  /** Asks for what is new, soon: the keeper writes it down a moment after it tells. */
  renew(): void;
}

export interface LedgerWish {
  /** ms. */
  readonly span: number;
  readonly limit: number;
  readonly login?: string;
}

/** Jobs are written down by other processes, which tell nobody. */
const EVERY = 60_000;
const SOON = 1500;

/** Holds the history and the status, and keeps them new while the page is looked at. */
export function openLedger(wish: LedgerWish, changed: () => void): Ledger {
  const known = new Map<string, HistoryRow>();
  let { span } = wish;
  let turn = 0;
  let askedAt = 0;
  let soon: ReturnType<typeof setTimeout> | undefined;
  const ledger: { -readonly [Key in keyof Ledger]: Ledger[Key] } = {
    rows: [],
    byLogin: new Map(),
    status: null,
    isCut: false,
    version: 0,
    async reach(next) {
      span = next;
      turn += 1;
      await load(span, turn, true);
    },
    renew() {
      clearTimeout(soon);
      soon = setTimeout(() => void load(Date.now() - askedAt + 2 * EVERY, turn, false), SOON);
    },
  };
  const load = async (back: number, at: number, isWhole: boolean) => {
    const began = Date.now();
    const query = new URLSearchParams({ since: `${Math.ceil(back)}ms`, limit: String(wish.limit) });
    if (wish.login !== undefined) query.set("login", wish.login);
    const [history, status] = await Promise.all([
      ask<HistoryReport>(`/api/v1/history?${query}`),
      ask<StatusReport>("/api/v1/status"),
    ]);
    if (at !== turn) return;
    if (status !== null) ledger.status = status;
    if (history !== null) {
      askedAt = began;
      if (isWhole) {
        known.clear();
        ledger.isCut = history.entries.length >= wish.limit;
      }
      if (add(known, history.entries) || isWhole)
        arrange(ledger, known, Date.parse(history.generatedAt ?? "") - span);
    }
    changed();
  };
  void ledger.reach(span);
  setInterval(() => document.hidden || ledger.renew(), EVERY);
  document.addEventListener("visibilitychange", () => document.hidden || ledger.renew());
  return ledger;
}

function add(known: Map<string, HistoryRow>, rows: readonly HistoryRow[]): boolean {
  const before = known.size;
  for (const row of rows) known.set(rowKey(row), row);
  return known.size > before;
}

/** Two rows that are alike in all of this are one. */
export function rowKey({ at, login, kind, code, toFingerprint, durationMs }: HistoryRow): string {
  return [at, login, kind, code, toFingerprint, durationMs].join(" ");
}

function arrange(
  ledger: { -readonly [Key in keyof Ledger]: Ledger[Key] },
  known: Map<string, HistoryRow>,
  oldest: number,
): void {
  const from = new Date(oldest || 0).toISOString();
  for (const [key, { at }] of known) if (at === null || at < from) known.delete(key);
  ledger.rows = [...known.values()].toSorted((a, b) => (b.at ?? "").localeCompare(a.at ?? ""));
  ledger.byLogin = Map.groupBy(ledger.rows, ({ login }) => login);
  ledger.version += 1;
}

async function ask<Report>(path: string): Promise<Report | null> {
  try {
    const answer = await fetch(path);
    return answer.ok ? ((await answer.json()) as Report) : null;
  } catch {
    return null;
  }
}
