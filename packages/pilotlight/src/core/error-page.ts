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

/** `pilotlight.help/v1` of an error code. */
export interface HelpReport extends Background {
  readonly schema: "pilotlight.help/v1";
  readonly code: ErrorCode;
  readonly what: string;
  readonly fix: string;
  readonly command: string | null;
  readonly by: Mover;
  readonly exit: number;
  readonly http: number;
  readonly retryable: boolean;
  /** The rows of the verdict table that lead here, by name. */
  readonly verdicts: readonly string[];
  /** What each of them looks like, and what to do, step by step. */
  readonly seen: readonly { readonly symptom: string; readonly steps: readonly string[] }[];
}

export function helpReport(page: ErrorPage): HelpReport {
  const { mover: by, command = null, verdicts, ...rest } = page;
  return {
    schema: "pilotlight.help/v1",
    ...rest,
    command,
    by,
    verdicts: verdicts.map(({ id }) => id),
    seen: verdicts.map(({ symptom, steps }) => ({ symptom, steps })),
  };
}

/** What to expect of time and of others, in one line. */
export function prospectOf(retryable: boolean, by: Mover): string {
  if (by === "pilotlight") return "Pilotlight mends it";
  if (by === "nobody") return "there is nothing to do";
  if (retryable) return "it can pass by itself";
  return by === "admin" ? "an administrator must act" : "a person must act";
}
