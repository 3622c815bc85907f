import { PilotlightError } from "../../core/errors.ts";
import { carryOut, undo } from "./carry-out.ts";
import { type InstallRecord, type InstallRecords, merged } from "./install-record.ts";
import type { Machine } from "./machine.ts";
import type { Step } from "./step.ts";

export interface Performance {
  readonly machine: Machine;
  readonly records: InstallRecords;
  /** What is installed already. */
  readonly before: InstallRecord | null;
  /** Aborts with what is to be said of it. */
  readonly signal: AbortSignal;
  readonly did: (step: Step) => void;
  readonly note: (text: string) => void;
}

/**
 * Makes the changes, each noted in the install record before it is made, then asks `proof`. Whatever fails, and an
 * abort, has them all undone in reverse before it is thrown.
 * @throws PilotlightError what failed; where undoing failed, too, the record is left for `uninstall`
 */
export async function perform(
  steps: readonly Step[],
  around: Performance,
  proof: () => Promise<void>,
): Promise<void> {
  const { machine, records, before, signal, did, note } = around;
  const installed = before?.installed ?? [];
  const { isSystem } = machine;
  const doing: Step[] = [];
  try {
    for (const one of steps) {
      signal.throwIfAborted();
      doing.push(one);
      await records.write({ isSystem, installed: [...installed], doing });
      try {
        await carryOut(one, machine);
        did(one);
      } catch (error) {
        if (one.kind !== "linger" || !(error instanceof PilotlightError)) throw error;
        doing.pop();
        note(
          `not permitted here: loginctl enable-linger ${one.user}; until somebody does it, the keeper ends when ${one.user} signs out`,
        );
      }
    }
    await proof();
    signal.throwIfAborted();
    await records.write({ isSystem, installed: merged(installed, doing), doing: [] });
  } catch (error) {
    await undoAll(doing, around).catch((second: unknown) => {
      const detail = `${textOf(error)}; and undoing it: ${textOf(second)}; pilotlight uninstall tries that again`;
      throw new PilotlightError("service_failed", detail, { cause: error });
    });
    throw error;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Undoes the steps in reverse, and leaves the record as it was before them. */
export async function undoAll(
  steps: readonly Step[],
  { machine, records, before }: Pick<Performance, "machine" | "records" | "before">,
): Promise<void> {
  const isLast = ({ kind }: Step) => kind === "directory" || kind === "state";
  const reversed = steps.toReversed();
  for (const one of reversed.filter((each) => !isLast(each))) await undo(one, machine);
  if (before === null || before.installed.length === 0) await records.remove();
  else await records.write({ ...before, doing: [] });
  for (const one of reversed.filter(isLast)) await undo(one, machine);
}
