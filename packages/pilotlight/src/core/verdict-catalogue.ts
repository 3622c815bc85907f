import { isErrorCode, traitsOf } from "./errors.ts";
import type { VerdictRow } from "./verdict-row.ts";
import { VERDICT_TABLE } from "./verdict-table.ts";

/** A row of the verdict table with the exit status it leads to; `null` where the child's own counts. */
export interface CataloguedVerdict extends VerdictRow {
  readonly exitCode: number | null;
}

/** The whole verdict table as it is published (`pilotlight.verdicts/v1`); `version` rises with every change of a row. */
export const VERDICTS: {
  readonly schema: "pilotlight.verdicts/v1";
  readonly version: number;
  readonly verdicts: readonly CataloguedVerdict[];
} = {
  schema: "pilotlight.verdicts/v1",
  version: 1,
  verdicts: VERDICT_TABLE.map((row) => ({ ...row, exitCode: exitOf(row) })),
};

function exitOf({ exit, code }: VerdictRow): number | null {
  return exit === "code" && isErrorCode(code) ? traitsOf(code).exit : null;
}
