import { type ErrorPage, errorPage, helpReport, prospectOf } from "../../core/error-page.ts";
import { isErrorCode, PilotlightError, TRAITS } from "../../core/errors.ts";
import { FAILURE_MODES, type FailureMode } from "../../core/failure-modes.ts";
import { VERDICTS } from "../../core/verdict-catalogue.ts";
import type { VerdictRow } from "../../core/verdict-row.ts";
import { VERDICT_TABLE } from "../../core/verdict-table.ts";
import type { DoctorCheck } from "../doctor/doctor-check.ts";
import { DOCTOR_CHECKS } from "../doctor/doctor-checks.ts";
import { ONLINE_CHECKS } from "../doctor/online/online-checks.ts";
import type { Io } from "../io.ts";
import { sentence } from "../../core/sentence.ts";

export interface HelpOptions {
  readonly json?: boolean;
}

/**
 * `pilotlight help <topic>`: what an error code, a verdict (`usage-limit`) or a failure mode (`FM-12`)
 * means, and what to do. Without a topic, the whole verdict table as JSON.
 * @throws PilotlightError `usage` for any other topic
 */
export function helpOn(topic: string | null, options: HelpOptions, io: Io): number {
  if (topic === null) io.out(`${JSON.stringify(VERDICTS)}\n`);
  else {
    const { json, text } = articleOn(topic);
    io.out(options.json === true ? `${JSON.stringify(json)}\n` : text());
  }
  return 0;
}

interface Article {
  readonly json: object;
  readonly text: () => string;
}

function articleOn(topic: string): Article {
  if (isErrorCode(topic)) return articleOnCode(errorPage(topic));
  const row = VERDICT_TABLE.find(({ id }) => id === topic);
  if (row !== undefined) return articleOnVerdict(row);
  const mode = FAILURE_MODES.find(({ fm }) => fm === topic.toUpperCase());
  if (mode !== undefined) return articleOnFailure(mode);
  const known = Object.keys(TRAITS).join(", ");
  const detail = `${JSON.stringify(topic)} is no error code, verdict or failure mode (codes: ${known})`;
  throw new PilotlightError("usage", detail);
}

function articleOnCode(page: ErrorPage): Article {
  return { json: helpReport(page), text: () => textOnCode(page) };
}

function textOnCode(page: ErrorPage): string {
  const { code, what, why, tell, fix, command, exit, http, retryable, mover, verdicts } = page;
  const typed = command === undefined ? "" : `\n    $ ${command}`;
  const parts = [
    code,
    `  ${sentence(what)}`,
    `Why\n  ${why}`,
    `How to tell\n  ${tell}`,
    `What to do\n  ${sentence(fix)}${typed}`,
    ...verdicts.map(({ symptom, steps }) => `${sentence(symptom)}\n${listOf(steps)}`),
    `exit ${exit} · HTTP ${http} · ${prospectOf(retryable, mover)} · next move: ${mover}`,
  ];
  return `${parts.join("\n\n")}\n`;
}

function articleOnVerdict(row: VerdictRow): Article {
  const { id, symptom, examples, steps, note, code, whoMoves, fm } = row;
  const said = examples.map((text) => `  “${text}”`).join("\n");
  const parts = [
    id,
    `  ${sentence(symptom)}`,
    ...(said === "" ? [] : [`As seen\n${said}`]),
    `What to do\n${listOf(steps)}`,
    ...(note === "" ? [] : [`  ${note}`]),
    `${code} · next move: ${whoMoves}${fm.length === 0 ? "" : ` · ${fm.join(", ")}`}`,
  ];
  return {
    json: { schema: "pilotlight.help/v1", verdict: row },
    text: () => `${parts.join("\n\n")}\n`,
  };
}

function articleOnFailure({ fm, title }: FailureMode): Article {
  const rows = VERDICT_TABLE.filter((row) => row.fm.includes(fm));
  const checks = [...DOCTOR_CHECKS, ...ONLINE_CHECKS].filter((check) => check.fm.includes(fm));
  const flagOf = (check: DoctorCheck) => (ONLINE_CHECKS.includes(check) ? " --online" : "");
  const parts = [
    fm,
    `  ${title}.`,
    ...rows.map(({ id, symptom, steps }) => `${id}: ${sentence(symptom)}\n${listOf(steps)}`),
    ...checks.map(
      (check) => `pilotlight doctor${flagOf(check)} looks at it: ${check.title} (${check.id})`,
    ),
  ];
  const [verdicts, looks] = [rows, checks].map((list) => list.map(({ id }) => id));
  return {
    json: { schema: "pilotlight.help/v1", fm, title, verdicts, checks: looks },
    text: () => `${parts.join("\n\n")}\n`,
  };
}

function listOf(steps: readonly string[]): string {
  return steps.map((step, index) => `  ${index + 1}. ${step}`).join("\n");
}
