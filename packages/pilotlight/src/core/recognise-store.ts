import { findRow } from "./find-row.ts";
import type { StoreRow, StoreState } from "./verdict-row.ts";
import { STORE_ROWS } from "./verdicts/store-rows.ts";

/** Finds the row for what a store was found to hold. @param errno the system's code, where a call failed */
export function recogniseStore(store: StoreState, errno: string | null = null): StoreRow {
  return findRow(STORE_ROWS, { store, errno });
}
