import { sentence } from "../../core/sentence.ts";
import { printable } from "../printable.ts";
import type { PlacedFinding } from "./doctor-check.ts";
import type { DoctorReport } from "./doctor-report.ts";
import { REPAIRS } from "./repairs/repair-login.ts";

const WIDTH = 20;

/** The report for people: a line for each check, what to do below those that ask for it, a count at the end. */
export function printDoctor(report: DoctorReport, isOfMany: boolean): string {
  const lines = report.repairs.map(
    ({ login, repair, done, detail }) =>
      `${done ? "mended" : "not mended"}  ${login}: ${REPAIRS[repair]}: ${detail}`,
  );
  for (const { id, fm, result, findings } of report.checks) {
    const isQuiet = result === "ok" || result === "skipped";
    let numbers = isQuiet ? [] : fm;
    for (const finding of findings) {
      if (!isQuiet && (finding.result === "ok" || finding.result === "skipped")) continue;
      lines.push(...printFinding(id, finding.fm ?? numbers, finding, isOfMany));
      numbers = [];
    }
  }
  const { failure, warning, note, ok, skipped } = report.counts;
  const counts = `${failure} failed, ${warning} with warnings, ${note} with notes, ${ok} good, ${skipped} skipped`;
  return `${[...lines.map(printable), `${report.checks.length} checks: ${counts}`].join("\n")}\n`;
}

function printFinding(
  id: string,
  fm: readonly string[],
  finding: PlacedFinding,
  isOfMany: boolean,
): readonly string[] {
  const { result, login, evidence, fix, command, code } = finding;
  const name = isOfMany && login !== null ? `${login}: ` : "";
  const what = code === null ? evidence : `${code}: ${evidence}`;
  const numbers = fm.length === 0 ? "" : `  [${fm.join(" ")}]`;
  const lines = [`${result.padEnd(8)} ${id.padEnd(WIDTH)} ${name}${what}${numbers}`];
  if (fix !== null) lines.push(`         ${sentence(fix)}`);
  if (command !== null) lines.push(`         $ ${command}`);
  return lines;
}
