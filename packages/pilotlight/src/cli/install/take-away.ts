import { existsSync } from "node:fs";
import { PilotlightError } from "../../core/errors.ts";
import { finishRefresh } from "../../keeper/finish-refresh.ts";
import type { Config } from "../config.ts";
import { stateOf } from "../state-of.ts";
import { wire } from "../wire.ts";
import { carryOut, undo } from "./carry-out.ts";
import type { InstallRecord } from "./install-record.ts";
import { isRunning, type Machine, systemctl } from "./machine.ts";
import { UNIT } from "./plan.ts";
import type { Step } from "./step.ts";

/**
 * Brings every refresh that was left open to its end; spends no token.
 * @throws PilotlightError `in_doubt` where that cannot be done
 */
export async function settleJournals(config: Config): Promise<void> {
  for (const login of config.logins) {
    if ((await stateOf(config, login).journal.read()) === null) continue;
    const { done, detail } = await finishRefresh(wire(config, login, () => undefined));
    if (done) continue;
    const why = `${login.name}: ${detail}; nothing would finish it any more, so nothing was removed`;
    throw new PilotlightError("in_doubt", why);
  }
}

/** What lasts when everything else is taken away. */
export const isPlace = ({ kind }: Step): boolean => kind === "directory" || kind === "state";

/**
 * Takes back what was installed, but for directories and state. Whatever fails, and an abort, has it all put there
 * again before it is thrown.
 * @param settle runs once the keeper has ended
 * @returns what stays, since a person has changed it
 */
export async function takeAway(
  { installed, doing }: InstallRecord,
  machine: Machine,
  signal: AbortSignal,
  settle: () => Promise<void>,
): Promise<readonly string[]> {
  const steps = [...installed, ...doing].filter((step) => !isPlace(step));
  const wasRunning = await isRunning(machine, UNIT);
  const undone: Step[] = [];
  try {
    // Waits for a grant in flight.
    if (wasRunning) await systemctl(machine, "stop", UNIT);
    await settle();
    for (const step of steps.toReversed()) {
      signal.throwIfAborted();
      if (step.kind === "restart" || step.kind === "service-before") continue;
      undone.push(step);
      await undo(step, machine);
    }
  } catch (error) {
    await putBack(undone.toReversed(), machine, wasRunning);
    throw error;
  }
  return steps.flatMap((step) => {
    if (step.kind !== "unit") return [];
    const left = [`${step.path}.d`, ...(step.before === null ? [step.path] : [])];
    return left.filter((path) => existsSync(path));
  });
}

/** As far as it goes: what fails once more must not keep the rest from coming back. */
async function putBack(steps: readonly Step[], machine: Machine, wasRunning: boolean) {
  const starts: Step[] = wasRunning ? [{ kind: "start", unit: UNIT }] : [];
  for (const step of [...steps.filter(({ kind }) => kind !== "start"), ...starts]) {
    await carryOut(step, machine).catch((error: unknown) => {
      if (!(error instanceof PilotlightError)) throw error;
    });
  }
}
