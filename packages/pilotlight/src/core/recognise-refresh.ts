import { type Facts, findRow } from "./find-row.ts";
import type { GrantResult } from "./ports.ts";
import type { RefreshRow } from "./verdict-row.ts";
import { REFRESH_ROWS } from "./verdicts/refresh-rows.ts";

/** Finds the row for a refresh that brought no token. */
export function recogniseRefresh(facts: Facts): RefreshRow {
  return findRow(REFRESH_ROWS, facts);
}

/**
 * The worst of several tries: one that may have cost the refresh token outweighs all that did not, and
 * otherwise the earlier row counts. A try that says nothing we know is such a one.
 */
export function worstOf(rows: readonly RefreshRow[]): RefreshRow | null {
  const worst = REFRESH_ROWS.filter((row) => rows.includes(row));
  return worst.find(({ grant }) => grant === "in_doubt") ?? worst[0] ?? null;
}

/** What a driver reports where `row` is the verdict. @param retryAfter ms that the server asked to wait */
export function failedGrant(
  row: RefreshRow,
  detail: string,
  retryAfter: number | null = null,
): Exclude<GrantResult, { kind: "issued" }> {
  if (row.grant === "ended") return { kind: "rejected", detail };
  const spent = row.grant === "in_doubt" ? "maybe" : "no";
  return { kind: "failed", code: row.code, spent, detail, retryAfter };
}
