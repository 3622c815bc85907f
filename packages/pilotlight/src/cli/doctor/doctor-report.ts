import { errnoOf, PilotlightError, traitsOf } from "../../core/errors.ts";
import { scrub } from "../../core/scrub.ts";
import type { DoctorCheck, PlacedFinding } from "./doctor-check.ts";
import { failure, type Result, skipped } from "./finding.ts";
import type { RepairReport } from "./repairs/repair-login.ts";
import type { World } from "./world.ts";

/** What one check found. */
export interface CheckReport {
  readonly id: string;
  readonly title: string;
  readonly fm: readonly string[];
  /** The worst of its findings. */
  readonly result: Result;
  readonly findings: readonly PlacedFinding[];
}

/** `pilotlight.doctor/v1`. */
export interface DoctorReport {
  readonly schema: "pilotlight.doctor/v1";
  readonly generatedAt: string;
  readonly exit: number;
  readonly counts: Readonly<Record<Result, number>>;
  readonly checks: readonly CheckReport[];
  readonly repairs: readonly RepairReport[];
}

const RANK: readonly Result[] = ["skipped", "ok", "note", "warning", "failure"];

/** Makes the checks. @throws PilotlightError `usage` where one was told to look at what is not there */
export function makeChecks(
  checks: readonly DoctorCheck[],
  world: World,
): Promise<readonly CheckReport[]> {
  return Promise.all(checks.map((check) => reportOf(check, world)));
}

/** Counts what was found. */
export function doctorReport(
  reports: readonly CheckReport[],
  { now }: Pick<World, "now">,
  repairs: readonly RepairReport[],
): DoctorReport {
  const counts = { ok: 0, note: 0, warning: 0, failure: 0, skipped: 0 };
  for (const { result } of reports) counts[result] += 1;
  return {
    schema: "pilotlight.doctor/v1",
    generatedAt: new Date(now).toISOString(),
    exit: exitOf(reports),
    counts,
    checks: reports,
    repairs,
  };
}

async function reportOf(check: DoctorCheck, world: World): Promise<CheckReport> {
  const { id, title, fm } = check;
  const findings = await check.run(world).catch((error: unknown) => [troubleIn(error)]);
  const ranks = findings.map(({ result }) => RANK.indexOf(result));
  const result = RANK[Math.max(0, ...ranks)] ?? "skipped";
  return { id, title, fm, result, findings: findings.map(scrubbed) };
}

/** One check that cannot look is no reason to do without the others. */
function troubleIn(error: unknown): PlacedFinding {
  if (error instanceof PilotlightError) throw error;
  const text = error instanceof Error ? error.message : String(error);
  const finding = errnoOf(error) === null ? failure("bug", text) : skipped(text);
  return { ...finding, login: null };
}

/** Nothing here comes near a token; what other programs wrote into a path or a message might. */
function scrubbed(finding: PlacedFinding): PlacedFinding {
  return { ...finding, evidence: scrub(finding.evidence), fix: finding.fix && scrub(finding.fix) };
}

/** 0 when nothing is worse than a warning, else the exit code of the worst failure. */
function exitOf(reports: readonly CheckReport[]): number {
  const codes = reports.flatMap(({ findings }) =>
    findings.flatMap(({ result, code }) => (result === "failure" ? [code ?? "bug"] : [])),
  );
  return Math.max(0, ...codes.map((code) => traitsOf(code).exit));
}
