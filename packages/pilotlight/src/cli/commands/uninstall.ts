import { refuseNested } from "../../claude/staging/staging-environment.ts";
import { readConfig } from "../config.ts";
import { undo } from "../install/carry-out.ts";
import { installRecords } from "../install/install-record.ts";
import { interruption } from "../install/interruption.ts";
import { programsOf } from "../install/machine.ts";
import { removeState } from "../install/remove-state.ts";
import { isPlace, settleJournals, takeAway } from "../install/take-away.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";

export interface UninstallFlags {
  readonly purge?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `pilotlight uninstall`: takes back what `init` did; with `--purge` history and state, too. Never a login. */
export async function uninstall(flags: UninstallFlags, io: Io): Promise<number> {
  refuseNested(io.env);
  const config = await readConfig(io.env);
  const isPurged = await mayPurge(flags, config.stateDir, io);
  const records = installRecords(config.stateDir);
  const record = await records.read();
  const machine = { isSystem: record?.isSystem ?? false, run: programsOf(io.env) };
  const interrupted = interruption();
  const left: string[] = [];
  try {
    if (record !== null) {
      const settle = () => settleJournals(config);
      left.push(...(await takeAway(record, machine, interrupted.signal, settle)));
      await records.remove();
    } else if (isPurged) await settleJournals(config);
    if (isPurged) await removeState(config.stateDir);
    const places = [...(record?.installed ?? []), ...(record?.doing ?? [])].filter(isPlace);
    for (const place of places.toReversed()) {
      if (place.kind === "directory") await undo(place, machine);
    }
  } finally {
    interrupted.end();
  }
  const outcome = record === null ? "nothing_installed" : "removed";
  if (flags.json === true) {
    const report = { schema: "pilotlight.uninstall/v1", outcome, purged: isPurged, left };
    io.out(`${JSON.stringify(report)}\n`);
    return 0;
  }
  io.out(
    record === null ? "Nothing is installed here.\n" : "The service is gone; the login stays.\n",
  );
  if (isPurged) io.out("History and state are gone.\n");
  else
    io.out(`${printable(`History and state stay in ${config.stateDir}; --purge removes them.`)}\n`);
  for (const path of left) io.err(`${printable(`changed by hand, so it stays: ${path}`)}\n`);
  return 0;
}

/** What is known of a login, spent tokens too, is not to be lost by a slip. */
async function mayPurge(flags: UninstallFlags, stateDir: string, io: Io): Promise<boolean> {
  if (flags.purge !== true) return false;
  if (flags.yes === true || flags.json === true || !io.isTty || !process.stdin.isTTY) return true;
  const { confirm } = await import("@clack/prompts");
  const message = `Remove history and state, too (${stateDir})?`;
  return (await confirm({ message, initialValue: false, output: process.stderr })) === true;
}
