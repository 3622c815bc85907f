import { PilotlightError } from "../../core/errors.ts";
import { readConfig } from "../config.ts";
import { type DoctorReport, doctorReport } from "../doctor/doctor-report.ts";
import { DOCTOR_CHECKS } from "../doctor/doctor-checks.ts";
import type { Repair } from "../doctor/finding.ts";
import { printDoctor } from "../doctor/print-doctor.ts";
import { repairLogin, type RepairReport, REPAIRS } from "../doctor/repairs/repair-login.ts";
import { openWorld, type World } from "../doctor/world.ts";
import { writeBundle } from "../doctor/write-bundle.ts";
import type { Io } from "../io.ts";
import { selectLogins } from "../logins.ts";

export interface DoctorFlags {
  readonly json?: boolean;
  readonly login?: string;
  readonly fix?: boolean;
  readonly yes?: boolean;
  readonly scan?: readonly string[];
  readonly asService?: string;
  readonly bundle?: string;
}

/** Asks a person whether to go on; false where nobody can be asked. */
export type Ask = (question: string) => Promise<boolean>;

/**
 * `pilotlight doctor`: every check, with evidence and what to do. Read-only unless `--fix` (mends what is
 * safe and reversible, after a question or with `--yes`) or `--bundle` (writes one new file).
 */
export async function doctor(flags: DoctorFlags, io: Io, ask: Ask = askPerson): Promise<number> {
  if (flags.yes === true && flags.fix !== true) {
    throw new PilotlightError("usage", "--yes goes with --fix");
  }
  const config = await readConfig(io.env);
  const logins = selectLogins(config, flags.login);
  const open = () =>
    openWorld(config, logins, {
      cwd: process.cwd(),
      platform: process.platform,
      now: Date.now(),
      scan: flags.scan ?? [],
      service: flags.asService ?? null,
    });
  let world = await open();
  let report = await doctorReport(DOCTOR_CHECKS, world);
  if (flags.fix === true) {
    const repairs = await mend(world, report, flags, io, ask);
    if (repairs.length > 0) {
      world = await open();
      report = await doctorReport(DOCTOR_CHECKS, world, repairs);
    }
  }
  if (flags.bundle !== undefined) {
    io.err(`wrote ${await writeBundle(flags.bundle, report, world)}\n`);
  }
  io.out(
    flags.json === true
      ? `${JSON.stringify(report, null, 2)}\n`
      : printDoctor(report, logins.length > 1),
  );
  return report.exit;
}

async function mend(
  world: World,
  report: DoctorReport,
  flags: DoctorFlags,
  io: Io,
  ask: Ask,
): Promise<readonly RepairReport[]> {
  const wanted = wantedRepairs(report);
  if (wanted.length === 0) return [];
  const plan = wanted.map(({ login, repair }) => `  ${login}: ${REPAIRS[repair]}`).join("\n");
  io.err(`--fix will\n${plan}\n`);
  const mayAsk = io.isTty && flags.json !== true;
  if (flags.yes !== true && !(mayAsk && (await ask("Go on?")))) {
    io.err("nothing was changed; --yes goes on without a question\n");
    return [];
  }
  const done: RepairReport[] = [];
  for (const { login: name, repair } of wanted) {
    const found = world.logins.find(({ login }) => login.name === name);
    if (found !== undefined) done.push(await repairLogin(world.config, found.login, repair));
  }
  return done;
}

/** Each repair once per login; locks first, for the others need them. */
function wantedRepairs(
  report: DoctorReport,
): readonly { readonly login: string; readonly repair: Repair }[] {
  const order: readonly Repair[] = ["file-mode", "orphan-locks", "finish-refresh"];
  const found = report.checks.flatMap(({ findings }) =>
    findings.flatMap(({ login, repair }) =>
      login === null || repair === null ? [] : [{ login, repair }],
    ),
  );
  const names = [...new Set(found.map(({ login }) => login))];
  return names.flatMap((login) =>
    order
      .filter((repair) => found.some((one) => one.login === login && one.repair === repair))
      .map((repair) => ({ login, repair })),
  );
}

async function askPerson(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const { confirm } = await import("@clack/prompts");
  return (await confirm({ message: question, output: process.stderr })) === true;
}
