import { existsSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PilotlightError } from "../../core/errors.ts";
import { readSmallText } from "../../disk/read-small-text.ts";
import type { GeneratedFile } from "../generate/generated.ts";
import type { InstallRecord } from "./install-record.ts";
import { isRunning, type Machine, systemctl } from "./machine.ts";
import type { Step, StepOf } from "./step.ts";

/** The one service that `init` installs. */
export const UNIT = "pilotlight.service";

/** What is to be so afterwards. */
export interface Wanted {
  readonly unit: GeneratedFile;
  readonly stateDir: string;
  readonly config: StepOf<"config"> | null;
  readonly isStarted: boolean;
  /** Who is to be served while not signed in; `null` for a service of the system. */
  readonly lingering: string | null;
}

/**
 * The steps that are missing; none where everything is so already.
 * @throws PilotlightError `usage` for a unit of that name which `init` did not make, `service_failed`
 */
export async function planSteps(
  { unit, stateDir, config, isStarted, lingering }: Wanted,
  machine: Machine,
  record: InstallRecord | null,
): Promise<readonly Step[]> {
  const before = await presentUnit(unit, record);
  const isSame = before === unit.text;
  const running = await isRunning(machine, UNIT);
  const isEnabled = (await machine.run(asked(machine, "is-enabled", UNIT))).code === 0;
  const wants = join(
    dirname(unit.path),
    machine.isSystem ? "multi-user.target.wants" : "default.target.wants",
  );
  const places = [stateDir, wants, ...(config === null ? [] : [dirname(config.path)])];
  const steps: Step[] = [
    ...[...new Set(places.flatMap(missing))].map((path) => ({ kind: "directory", path }) as const),
    ...(existsSync(stateDir) ? [] : [{ kind: "state", path: stateDir } as const]),
  ];
  if (config !== null) steps.push(config);
  if (!isSame || record === null) {
    // One that was put there by hand, as we would have: from now on it is ours.
    const replaced = isSame ? null : before;
    if (running && !isSame) steps.push({ kind: "service-before", unit: UNIT });
    steps.push({ kind: "unit", path: unit.path, text: unit.text, before: replaced });
  }
  if (!isEnabled) steps.push({ kind: "enable", unit: UNIT });
  if (lingering !== null && !(await isLingering(lingering, machine))) {
    steps.push({ kind: "linger", user: lingering });
  }
  if (isStarted && !running) steps.push({ kind: "start", unit: UNIT });
  if (isStarted && running && !isSame) steps.push({ kind: "restart", unit: UNIT });
  // Only a directory would be no reason to begin.
  return steps.every(({ kind }) => kind === "directory" || kind === "state") ? [] : steps;
}

async function presentUnit({ path, text }: GeneratedFile, record: InstallRecord | null) {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return null;
  const present = stats.isFile() ? await readSmallText(path) : null;
  const isOurs = record?.installed.some((step) => step.kind === "unit" && step.path === path);
  if (present !== null && (isOurs === true || present === text)) return present;
  const why = "a unit that pilotlight init did not make; move it away first";
  throw new PilotlightError("usage", `${path}: ${why}`);
}

/** The directory and those above it that are not there, the highest first. */
function missing(directory: string): readonly string[] {
  if (existsSync(directory) || dirname(directory) === directory) return [];
  return [...missing(dirname(directory)), directory];
}

async function isLingering(user: string, { run }: Machine): Promise<boolean> {
  const { code, out } = await run(["loginctl", "show-user", user, "-p", "Linger", "--value"]);
  return code === 0 && out.trim() === "yes";
}

function asked({ isSystem }: Machine, ...words: string[]): [string, ...string[]] {
  return ["systemctl", ...(isSystem ? [] : ["--user"]), ...words];
}

/** @throws PilotlightError `unsupported` with what fits instead, where no systemd answers */
export async function requireSystemd(machine: Machine): Promise<void> {
  try {
    await systemctl(machine, "show", "-p", "Version");
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    const isThere = !error.message.includes("ended with 127");
    const instead = [
      "pilotlight generate cron (a crontab)",
      ...(isThere ? ["pilotlight generate systemd-timer (no daemon)"] : []),
      "pilotlight generate compose (a container)",
      ...(isThere && !machine.isSystem ? ["as root: pilotlight init --system"] : []),
    ];
    const what = isThere ? "systemd does not answer here" : "there is no systemd here";
    throw new PilotlightError(
      "unsupported",
      `${what} (${error.message}); instead: ${instead.join(", ")}`,
    );
  }
}
