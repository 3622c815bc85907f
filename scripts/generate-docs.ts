/**
 * Writes what the docs take from the tables of the core: docs/errors.md, docs/troubleshooting.md and
 * docs/verdicts.json; with `--check`, fails when one of them is out of date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { DOCTOR_CHECKS } from "../packages/pilotlight/src/cli/doctor/doctor-checks.ts";
import { ONLINE_CHECKS } from "../packages/pilotlight/src/cli/doctor/online/online-checks.ts";
import { sentence } from "../packages/pilotlight/src/core/sentence.ts";
import {
  type ErrorPage,
  errorPage,
  prospectOf,
} from "../packages/pilotlight/src/core/error-page.ts";
import { type ErrorCode, TRAITS } from "../packages/pilotlight/src/core/errors.ts";
import { FAILURE_MODES } from "../packages/pilotlight/src/core/failure-modes.ts";
import { VERDICTS } from "../packages/pilotlight/src/core/verdict-catalogue.ts";
import type { Subject, VerdictRow } from "../packages/pilotlight/src/core/verdict-row.ts";
import { VERDICT_TABLE } from "../packages/pilotlight/src/core/verdict-table.ts";

const PAGES = (Object.keys(TRAITS) as ErrorCode[])
  .map(errorPage)
  .toSorted((a, b) => a.exit - b.exit);

const rows = PAGES.map(({ code, exit, http, retryable, mover, what }) => {
  const again = retryable ? "yes" : "no";
  return `| [\`${code}\`](#${code}) | ${exit} | ${http} | ${again} | ${mover} | ${what} |`;
});

function pageOf({ code, what, why, tell, fix, command, verdicts, ...page }: ErrorPage): string {
  const typed = command === undefined ? "" : `\n\n\`\`\`sh\n${command}\n\`\`\``;
  const seen = verdicts.map(({ id, symptom }) => `- [${symptom}](troubleshooting.md#${id})`);
  return [
    `## ${code}`,
    `${sentence(what)} Exit ${page.exit}, HTTP ${page.http}; ${prospectOf(page.retryable, page.mover)}.`,
    `**Why.** ${why}`,
    `**How to tell.** ${tell}`,
    `**What to do.** ${sentence(fix)}${typed}`,
    ...(seen.length === 0 ? [] : [`Seen as:\n\n${seen.join("\n")}`]),
  ].join("\n\n");
}

const errors = `# Exit codes and errors

Every failure is one line on stderr, \`pilotlight: <code>: <what>. <what to do>\`, and one of these exit
codes (\`sysexits.h\`). \`pilotlight help <code>\` prints the page of a code. Generated from
\`packages/pilotlight/src/core/errors.ts\` and the verdict table; do not edit. What a failure looks like
is in [troubleshooting.md](troubleshooting.md).

| code | exit | HTTP | a later try can succeed | next move | what happened |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

${PAGES.map(pageOf).join("\n\n")}
`;

const SUBJECTS: Readonly<Record<Subject, string>> = {
  run: "A job",
  refresh: "A refresh",
  store: "The credential file",
};

function entryOf(row: VerdictRow): string {
  const { id, symptom, code, whoMoves, steps, examples, note, retry } = row;
  const link = Object.hasOwn(TRAITS, code) ? `[\`${code}\`](errors.md#${code})` : `\`${code}\``;
  const prospect = prospectOf(retry === "wait", whoMoves);
  return [
    `### ${id}`,
    `**${symptom}.** ${link}; ${prospect}.`,
    ...(examples.length === 0 ? [] : [`\`\`\`text\n${examples.join("\n")}\n\`\`\``]),
    steps.map((step, index) => `${index + 1}. ${step}`).join("\n"),
    ...(note === "" ? [] : [note]),
  ].join("\n\n");
}

const summary = VERDICT_TABLE.map(
  ({ id, symptom, retry, whoMoves }) =>
    `| [${symptom}](#${id}) | ${prospectOf(retry === "wait", whoMoves)} |`,
);

const sections = (Object.keys(SUBJECTS) as Subject[]).map((subject) => {
  const own = VERDICT_TABLE.filter((row) => row.subject === subject);
  return `## ${SUBJECTS[subject]}\n\n${own.map(entryOf).join("\n\n")}`;
});

const modes = FAILURE_MODES.map(({ fm, title }) => {
  const seen = VERDICT_TABLE.filter((row) => row.fm.includes(fm));
  const checks = [
    ...DOCTOR_CHECKS.map(({ id, fm }) => ({ name: id, fm })),
    ...ONLINE_CHECKS.map(({ id, fm }) => ({ name: `${id} (--online)`, fm })),
  ].filter((check) => check.fm.includes(fm));
  const links = seen.map(({ id }) => `[${id}](#${id})`).join(", ");
  return `| ${fm} | ${title} | ${links} | ${checks.map(({ name }) => name).join(", ")} |`;
});

const troubleshooting = `# Troubleshooting

What is seen, whether it passes by itself or needs a person, and what to do. Generated from the verdict
table (\`packages/pilotlight/src/core/verdict-table.ts\`, version ${VERDICTS.version}), by which every command
decides; do not edit. The same table as data: [verdicts.json](verdicts.json), \`pilotlight help --json\`, or
\`VERDICTS\` of the library. \`pilotlight help <name>\` prints an entry; the codes are in
[errors.md](errors.md).

Rows are asked from top to bottom and the first that fits counts: a usage limit before a throttle, a
throttle before a lock, a lock before the end of a login, and that before a rejected token.

| what is seen | what then |
| --- | --- |
${summary.join("\n")}

${sections.join("\n\n")}

## Every known way to fail

| number | what happens | seen as | checked by \`pilotlight doctor\` |
| --- | --- | --- | --- |
${modes.join("\n")}
`;

const files: readonly (readonly [name: string, text: string, parser: "markdown" | "json"])[] = [
  ["errors.md", errors, "markdown"],
  ["troubleshooting.md", troubleshooting, "markdown"],
  ["verdicts.json", JSON.stringify(VERDICTS), "json"],
];

for (const [name, text, parser] of files) {
  const file = fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  const formatted = await format(text, { parser, printWidth: 100 });
  if (!process.argv.includes("--check")) writeFileSync(file, formatted);
  else if (readFileSync(file, "utf8") !== formatted) {
    throw new Error(`docs/${name} is out of date: run \`node scripts/generate-docs.ts\``);
  }
}
