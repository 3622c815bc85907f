import { PilotlightError, traitsOf } from "../../core/errors.ts";
import { drillRenew, type DrillRenewOptions } from "../../sandbox/drill/renew/drill-renew.ts";
import { printAct, printRenewal, printStep } from "../../sandbox/drill/renew/print-renewal.ts";
import type { Io } from "../io.ts";
import { printFailure } from "../print-error.ts";

interface RenewDrill {
  readonly flags: { readonly json?: boolean; readonly short?: boolean; readonly watch?: boolean };
  readonly io: Io;
  readonly parts: Pick<DrillRenewOptions, "pilotlight" | "standIn" | "claude" | "path" | "signal">;
}

/** `pilotlight drill --renew`: the human step on the sandbox. @returns 0 if every act ended as it must @throws PilotlightError `usage` */
export async function renewDrill({ flags, io, parts }: RenewDrill): Promise<number> {
  if (flags.short === true || flags.watch === true)
    throw new PilotlightError("usage", "--renew plays no night: leave --short and --watch out");
  const isWatched = flags.json !== true;
  const report = await drillRenew({
    ...parts,
    began: (act) => isWatched && io.err(printAct(act)),
    tell: (step, said) => isWatched && io.err(printStep(step, said)),
  });
  io.out(isWatched ? `\n${printRenewal(report)}` : `${JSON.stringify(report)}\n`);
  for (const { what, deviations } of report.acts)
    if (deviations.length > 0) io.err(printFailure("bug", `${what}: ${deviations.join("; ")}`));
  return report.ok ? 0 : traitsOf("bug").exit;
}
