import { refuseNested } from "../../claude/staging/staging-environment.ts";
import { PilotlightError, traitsOf } from "../../core/errors.ts";
import { type LoginConfig, readConfig } from "../config.ts";
import { visitedDirectory } from "../current-directory.ts";
import {
  type CheckReport,
  type DoctorReport,
  doctorReport,
  makeChecks,
} from "../doctor/doctor-report.ts";
import { DOCTOR_CHECKS } from "../doctor/doctor-checks.ts";
import type { Repair } from "../doctor/finding.ts";
import { ONLINE_CHECKS } from "../doctor/online/online-checks.ts";
import { printDoctor } from "../doctor/print-doctor.ts";
import { repairLogin, type RepairReport, REPAIRS } from "../doctor/repairs/repair-login.ts";
import { openWorld, type World } from "../doctor/world.ts";
import { writeBundle } from "../doctor/write-bundle.ts";
import type { Io } from "../io.ts";
import { selectLogins } from "../logins.ts";
import { printError } from "../print-error.ts";
import { printable } from "../printable.ts";

export interface DoctorFlags {
  readonly json?: boolean;
  readonly login?: string;
  readonly fix?: boolean;
  readonly yes?: boolean;
  readonly online?: boolean;
  readonly scan?: readonly string[];
  readonly asService?: string;
  readonly bundle?: string;
}

/** Asks a person whether to go on; false where nobody can be asked. */
export type Ask = (question: string) => Promise<boolean>;

/**
 * `pilotlight doctor`: every check, with evidence and what to do. Read-only unless `--fix` (mends what is
 * safe and reversible, after a question or with `--yes`), `--online` (asks the server, and notes what it
 * says) or `--bundle` (writes one new file).
 */
export async function doctor(flags: DoctorFlags, io: Io, ask: Ask = askPerson): Promise<number> {
  if (flags.yes === true && flags.fix !== true) {
    throw new PilotlightError("usage", "--yes goes with --fix");
  }
  if (flags.online === true) refuseNested(io.env);
  const config = await readConfig(io.env);
  const logins = storedOnly(selectLogins(config, flags.login));
  const open = () =>
    openWorld(config, logins, {
      cwd: visitedDirectory(),
      platform: process.platform,
      now: Date.now(),
      scan: flags.scan ?? [],
      service: flags.asService ?? null,
    });
  let world = await open();
  let checks = await makeChecks(DOCTOR_CHECKS, world);
  const repairs = flags.fix === true ? await mend(world, checks, flags, io, ask) : [];
  if (repairs.length > 0) world = await open();
  const answers = flags.online === true ? await askServers(world, io) : [];
  if (repairs.length + answers.length > 0) {
    // What was mended or noted shows in the other checks, too.
    world = await open();
    checks = await makeChecks(DOCTOR_CHECKS, world);
  }
  const report = doctorReport([...checks, ...answers], world, repairs);
  // First of all: what was mended and asked is not lost for a bundle that cannot be written.
  io.out(
    flags.json === true
      ? `${JSON.stringify(report, null, 2)}\n`
      : printDoctor(report, logins.length > 1),
  );
  return flags.bundle === undefined ? report.exit : bundle(flags.bundle, report, world, io);
}

/** The checks are about what Claude Code stores. @throws PilotlightError `usage` where nothing of that is meant */
function storedOnly(logins: readonly LoginConfig[]): readonly LoginConfig[] {
  const stored = logins.filter(({ envFile }) => envFile === null);
  if (stored.length > 0) return stored;
  const why = "doctor looks at what Claude Code stores; see pilotlight check for an env file";
  throw new PilotlightError("usage", why);
}

async function bundle(file: string, report: DoctorReport, world: World, io: Io): Promise<number> {
  try {
    io.err(`wrote ${printable(await writeBundle(file, report, world))}\n`);
    return report.exit;
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    // Not thrown on: with --json, stdout holds one document.
    io.err(printError(error));
    return traitsOf(error.code).exit;
  }
}

function askServers(world: World, io: Io): Promise<readonly CheckReport[]> {
  if (io.isTty) io.err("asking the server …\n");
  return makeChecks(ONLINE_CHECKS, world);
}

async function mend(
  world: World,
  checks: readonly CheckReport[],
  flags: DoctorFlags,
  io: Io,
  ask: Ask,
): Promise<readonly RepairReport[]> {
  const wanted = wantedRepairs(checks);
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
  checks: readonly CheckReport[],
): readonly { readonly login: string; readonly repair: Repair }[] {
  const order: readonly Repair[] = ["file-mode", "orphan-locks", "finish-refresh"];
  const found = checks.flatMap(({ findings }) =>
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
