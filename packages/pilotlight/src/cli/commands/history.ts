import { printDuration } from "../../core/duration.ts";
import { PilotlightError } from "../../core/errors.ts";
import { HISTORY_BOUNDS } from "../../core/history-bounds.ts";
import { isoOf } from "../../core/iso-time.ts";
import { historyRow } from "../history-row.ts";
import type { HistoryEntry } from "../../stores/history-entry.ts";
import { readHistory } from "../../stores/history.ts";
import { readConfig } from "../config.ts";
import { readDuration } from "../read-duration.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";

export interface HistoryFlags {
  readonly json?: boolean;
  readonly login?: string;
  readonly since?: string;
  readonly limit?: string;
}

/** `pilotlight history`: what happened to the logins, newest first. Read-only. */
export async function history(flags: HistoryFlags, io: Io): Promise<number> {
  const span = readDuration("--since", flags.since ?? HISTORY_BOUNDS.span, "12h or 7d");
  const { rows, mostRows } = HISTORY_BOUNDS;
  const limit = flags.limit === undefined ? rows : Number(flags.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > mostRows) {
    throw new PilotlightError("usage", `--limit ${flags.limit} is no number from 1 to ${mostRows}`);
  }
  const { stateDir } = await readConfig(io.env);
  const now = Date.now();
  const { login } = flags;
  const entries = await readHistory(stateDir, { since: now - span, limit, login });
  if (flags.json === true) io.out(`${JSON.stringify(reportOf(entries, now))}\n`);
  else io.out(entries.length === 0 ? nothing(span, login) : printTable(entries));
  return 0;
}

function reportOf(entries: readonly HistoryEntry[], now: number) {
  return {
    schema: "pilotlight.history/v1",
    generatedAt: new Date(now).toISOString(),
    entries: entries.map(historyRow),
  };
}

function nothing(span: number, login: string | undefined): string {
  const whose = login === undefined ? "" : ` for ${login}`;
  return `Nothing is recorded${whose} in the last ${printDuration(span)}.\n`;
}

const HEAD = ["TIME (UTC)", "LOGIN", "WHAT", "CODE", "EXIT", "TOOK", "DETAIL"];

function printTable(entries: readonly HistoryEntry[]): string {
  const rows = [HEAD, ...entries.map(cellsOf)];
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

function cellsOf(entry: HistoryEntry): readonly string[] {
  const time = isoOf(entry.at)?.slice(0, 19).replace("T", " ") ?? "?";
  const took = entry.durationMs === null ? "" : printTook(entry.durationMs);
  const exit = entry.exit === null ? "" : String(entry.exit);
  const cells = [time, entry.login, entry.kind, entry.code, exit, took, detailOf(entry)];
  return cells.map(printable);
}

function printTook(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : printDuration(ms);
}

/** In one line, whatever it was. */
function detailOf({ from, to, requestId, detail }: HistoryEntry): string {
  const moved = to !== null && from !== to ? `${from ?? "?"} → ${to}` : null;
  const parts = [moved, requestId, detail?.replace(/\s+/g, " ").slice(0, 120) ?? null];
  return parts.filter((part) => part !== null).join("  ");
}
