import { refuseNested } from "../../claude/staging/staging-environment.ts";
import { PilotlightError } from "../../core/errors.ts";
import { exitOfStatuses } from "../../core/login-status.ts";
import type { Effective, StatusReport } from "../../core/status-report.ts";
import { type Config, readConfig } from "../config.ts";
import { installationOf } from "../generate/installation.ts";
import { KINDS } from "../generate/kinds.ts";
import { refusalIn } from "../install/config-lines.ts";
import {
  billedNow,
  faceOf,
  isShadowed,
  type Payer,
  requireClaude,
  requireLogin,
  requirePort,
} from "../install/examine.ts";
import { type InstallRecord, installRecords } from "../install/install-record.ts";
import { interruption } from "../install/interruption.ts";
import { isRunning, type Machine, programsOf } from "../install/machine.ts";
import { perform, undoAll } from "../install/perform.ts";
import { planSteps, requireSystemd, UNIT, type Wanted } from "../install/plan.ts";
import { printStep, type Step } from "../install/step.ts";
import { waitKept } from "../install/wait-kept.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";
import { statusReport } from "../status-report.ts";
import { status } from "./status.ts";

export interface InitFlags {
  readonly billing?: string;
  readonly yes?: boolean;
  readonly system?: boolean;
  /** False for `--no-start`. */
  readonly start?: boolean;
  readonly json?: boolean;
}

type Outcome = "installed" | "updated" | "unchanged" | "nothing_to_keep";

/** `pilotlight init`: installs and starts the service that keeps the login, or leaves everything as it was. */
export async function init(flags: InitFlags, io: Io): Promise<number> {
  refuseNested(io.env);
  const machine = { isSystem: flags.system ?? false, run: programsOf(io.env) };
  refuseElsewhere(machine);
  const payer = payerOf(flags.billing);
  const config = await readConfig(io.env);
  const report = await statusReport(config, config.logins, Date.now());
  const say =
    flags.json === true ? () => undefined : (text: string) => io.err(`${printable(text)}\n`);
  say(billedNow(report.effective));
  const chosen = payer === "api" ? payer : await choosePayer(report, payer, flags, io);
  if (chosen === "api") {
    say("A key has no end that could be kept: nothing was installed.");
    return reported("nothing_to_keep", { report, steps: [], notes: [] }, flags, io);
  }
  await requireClaude(config);
  await requireSystemd(machine);
  const records = installRecords(config.stateDir);
  const record = await settledRecord(machine, records, say);
  if (!(await isRunning(machine, UNIT))) await requirePort(config.keep.listen);
  const wanted = await wantedHere(config, report.effective, flags, io);
  const steps = await planSteps(wanted, machine, record);
  if (steps.length > 0) await confirmed(wanted, flags, io);
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(text);
    say(text);
  };
  const interrupted = interruption();
  const { signal } = interrupted;
  try {
    const around = { machine, records, before: record, signal, note, did: tellStep(say) };
    const proof = async () => {
      if (!wanted.isStarted) return;
      const isReady = await waitKept(machine, faceOf(config.keep.listen), signal);
      if (!isReady) note("the keeper runs, and is not ready yet; pilotlight status says why");
    };
    if (steps.length > 0) await perform(steps, around, proof);
  } finally {
    interrupted.end();
  }
  const now = await statusReport(config, config.logins, Date.now());
  const outcome = steps.length === 0 ? "unchanged" : record === null ? "installed" : "updated";
  return reported(outcome, { report: now, steps, notes }, flags, io);
}

function refuseElsewhere({ isSystem }: Machine): void {
  if (process.platform !== "linux") {
    const kind = process.platform === "win32" ? "task-scheduler" : "launchd";
    throw new PilotlightError(
      "unsupported",
      `no systemd here; instead: pilotlight generate ${kind}`,
    );
  }
  if (isSystem && process.geteuid?.() !== 0) {
    throw new PilotlightError("usage", "--system needs root; without it the service is your own");
  }
}

function payerOf(billing: string | undefined): Payer | null {
  if (billing === undefined || billing === "subscription" || billing === "api") {
    return billing ?? null;
  }
  throw new PilotlightError("usage", `--billing ${billing} is neither subscription nor api`);
}

const isAsking = ({ yes, json }: InitFlags, io: Io): boolean =>
  io.isTty && process.stdin.isTTY && yes !== true && json !== true;

async function choosePayer(
  report: StatusReport,
  payer: Payer | null,
  flags: InitFlags,
  io: Io,
): Promise<Payer> {
  requireLogin(report);
  if (payer !== null) return payer;
  if (!isAsking(flags, io)) {
    if (!isShadowed(report.effective)) return "subscription";
    const why = "a key shadows the login: say who is to pay by --billing subscription or api";
    throw new PilotlightError("usage", why);
  }
  const { isCancel, select } = await import("@clack/prompts");
  const chosen = await select<Payer>({
    message: "Who is to pay for unattended jobs?",
    options: [
      { value: "subscription", label: "the subscription of the login, which is kept from now on" },
      { value: "api", label: "a key, by use; then there is nothing to keep" },
    ],
    output: process.stderr,
  });
  if (isCancel(chosen)) throw new PilotlightError("usage", "nothing was changed");
  return chosen;
}

/** What an init that was killed had begun is undone first. */
async function settledRecord(
  machine: Machine,
  records: ReturnType<typeof installRecords>,
  say: (text: string) => void,
): Promise<InstallRecord | null> {
  const record = await records.read();
  if (record === null) return null;
  if (record.isSystem !== machine.isSystem) {
    const kind = record.isSystem ? "the system's" : "this user's";
    throw new PilotlightError(
      "usage",
      `it is installed as ${kind} service: pilotlight uninstall first`,
    );
  }
  if (record.doing.length === 0) return record;
  say("An earlier init was cut off; what it had begun is undone first.");
  await undoAll(record.doing, { machine, records, before: record });
  return records.read();
}

async function wantedHere(
  config: Config,
  effective: Effective,
  { system = false, start = true }: InitFlags,
  io: Io,
): Promise<Wanted> {
  const installation = await installationOf({ env: io.env, user: null, login: null });
  const { files } = KINDS.systemd.make(installation, { isSystem: system, variant: null });
  const [unit] = files;
  if (unit === undefined) throw new PilotlightError("bug", "no unit was generated");
  return {
    unit,
    stateDir: config.stateDir,
    config: isShadowed(effective) ? await refusalIn(config.file, config) : null,
    isStarted: start,
    lingering: system ? null : installation.user,
  };
}

async function confirmed({ unit, config }: Wanted, flags: InitFlags, io: Io): Promise<void> {
  if (!isAsking(flags, io)) return;
  const { confirm } = await import("@clack/prompts");
  const also = config === null ? "" : `, and add on_shadow = "refuse" to ${config.path}`;
  const message = `Install and start ${unit.path}${also}?`;
  if ((await confirm({ message, output: process.stderr })) === true) return;
  throw new PilotlightError("usage", "nothing was changed");
}

function tellStep(say: (text: string) => void): (step: Step) => void {
  return (step) => {
    const text = printStep(step);
    if (text !== null) say(text);
  };
}

async function reported(
  outcome: Outcome,
  done: {
    readonly report: StatusReport;
    readonly steps: readonly Step[];
    readonly notes: readonly string[];
  },
  { json }: InitFlags,
  io: Io,
): Promise<number> {
  const exit = outcome === "nothing_to_keep" ? 0 : exitOfStatuses(done.report.logins);
  if (json !== true) {
    if (outcome === "nothing_to_keep") return exit;
    if (outcome === "unchanged") io.err("Everything is installed already.\n");
    return status({}, io);
  }
  const steps = done.steps.flatMap((step) => printStep(step) ?? []);
  const base = {
    schema: "pilotlight.init/v1",
    outcome,
    unit: outcome === "nothing_to_keep" ? null : UNIT,
  };
  io.out(`${JSON.stringify({ ...base, steps, notes: done.notes, status: done.report })}\n`);
  return exit;
}
