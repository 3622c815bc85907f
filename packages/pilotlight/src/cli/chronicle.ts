import type { Fingerprint } from "../core/credential.ts";
import type { Outcome } from "../core/outcome.ts";
import type { KeeperEvent, Tell } from "../core/ports.ts";
import { scrub } from "../core/scrub.ts";
import type { HistoryEntry } from "../stores/history-entry.ts";
import { recordHistory } from "../stores/history.ts";

/** Notes what happens to a login while a command works, and writes it into the history when it is done. */
export interface Chronicle {
  /** Notes refreshes and verdicts; a look that found nothing due is no event. */
  readonly tell: Tell;
  note(entry: Partial<HistoryEntry> & Pick<HistoryEntry, "kind" | "code">): void;
  /** Away from the hot path. Never throws: no job fails for its history. */
  write(): Promise<void>;
}

export function chronicle(stateDir: string, login: string): Chronicle {
  let entries: HistoryEntry[] = [];
  let grantAt: number | null = null;
  const note: Chronicle["note"] = (entry) => {
    const nothing = { exit: null, durationMs: null, from: null, to: null, requestId: null };
    const detail = entry.detail == null ? null : scrub(entry.detail).slice(0, 500);
    entries.push({ at: Date.now(), login, ...nothing, ...entry, detail });
  };
  return {
    note,
    tell(event) {
      if (event.kind === "grant_started") grantAt = Date.now();
      const entry = entryOf(event);
      if (entry === null) return;
      const durationMs = entry.kind === "refresh" && grantAt !== null ? Date.now() - grantAt : null;
      if (entry.kind === "refresh") grantAt = null;
      if (!entries.some((known) => isSameRefresh(known, entry))) note({ ...entry, durationMs });
    },
    async write() {
      const written = entries;
      entries = [];
      if (written.length === 0) return;
      await recordHistory(stateDir, written);
    },
  };
}

/** Whoever waits in this process for a refresh of its own is told of it, too. */
function isSameRefresh(known: HistoryEntry, next: Parameters<Chronicle["note"]>[0]): boolean {
  if (known.kind !== "refresh" || next.kind !== "refresh") return false;
  if (next.to != null) return known.to === next.to;
  return known.code === next.code && known.detail === (next.detail ?? null);
}

function entryOf(event: KeeperEvent): Parameters<Chronicle["note"]>[0] | null {
  switch (event.kind) {
    case "outcome":
      return refreshOf(event.outcome);
    case "failed":
      return { kind: "refresh", code: event.code, detail: event.detail };
    case "verdict": {
      const { verdict } = event;
      const token = verdict.kind === "ended" ? verdict.refresh : verdict.access;
      const code = verdict.kind === "rejected" ? "auth_rejected" : verdict.kind;
      return { kind: "verdict", code, from: token, to: token, detail: wordOf(verdict) };
    }
    case "grant_started":
    case "replayed":
    case "restored":
      return null;
  }
}

function wordOf(verdict: Extract<KeeperEvent, { kind: "verdict" }>["verdict"]): string | null {
  return "by" in verdict ? `by ${verdict.by}` : null;
}

function refreshOf(outcome: Outcome): Parameters<Chronicle["note"]>[0] | null {
  switch (outcome.kind) {
    case "unchanged":
      return outcome.reason === "fresh" ? null : { kind: "refresh", code: outcome.reason };
    case "refreshed":
    case "adopted": {
      const to: Fingerprint | null = outcome.credential.accessToken?.fingerprint ?? null;
      return { kind: "refresh", code: outcome.kind, from: outcome.from.access, to };
    }
    case "deferred":
    case "in_doubt":
    case "dead":
      return { kind: "refresh", code: outcome.code, detail: outcome.detail };
  }
}
