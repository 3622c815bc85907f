import { type Background, ERROR_PAGES } from "./error-pages.ts";
import { type ErrorCode, type Mover, type Traits, traitsOf } from "./errors.ts";
import type { VerdictRow } from "./verdict-row.ts";
import { VERDICT_TABLE } from "./verdict-table.ts";

/** All that is told of a code: the same for `help`, for machines and for docs/errors.md. */
export interface ErrorPage extends Traits, Background {
  readonly code: ErrorCode;
  /** The rows of the verdict table that lead here. */
  readonly verdicts: readonly VerdictRow[];
}

export function errorPage(code: ErrorCode): ErrorPage {
  const verdicts = VERDICT_TABLE.filter((row) => row.code === code);
  return { ...traitsOf(code), ...ERROR_PAGES[code], code, verdicts };
}

/** What to expect of time and of others, in one line. */
export function prospectOf(retryable: boolean, by: Mover): string {
  if (by === "pilotlight") return "Pilotlight mends it";
  if (by === "nobody") return "there is nothing to do";
  if (retryable) return "it can pass by itself";
  return by === "admin" ? "an administrator must act" : "a person must act";
}
