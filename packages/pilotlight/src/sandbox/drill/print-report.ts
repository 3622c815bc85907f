import type { BuildReport, DrillReport } from "./drill.ts";
import type { JobResult } from "./play.ts";
import type { Side } from "./tally.ts";

const ROWS: readonly (readonly [string, (side: Side) => number])[] = [
  ["jobs", ({ jobs }) => jobs],
  ["could succeed safely", ({ could }) => could],
  ["succeeded", ({ succeeded }) => succeeded],
  ["silent failures", ({ silentFailures }) => silentFailures],
  ["grants", ({ grants }) => grants],
  ["double spends", ({ doubleSpends }) => doubleSpends],
  ["lost logins", ({ lostLogins }) => lostLogins],
];

const LABEL = 22;
const CELL = 10;
const LINE = 108;

/** Prints a drill for people: the counts, the reason of each failure, and what to do next. */
export function printReport(report: DrillReport): string {
  const { builds, hours, durationMs, notRehearsed } = report;
  const title = `${hours} hours on the sandbox in ${Math.round(durationMs / 1000)} s; invented tokens, nothing but 127.0.0.1.`;
  const left = notRehearsed.map(
    ({ hour, what, why }) => `  not rehearsed here: hour ${hour}, ${what}: ${why}`,
  );
  return [
    title,
    "",
    ...table(builds),
    ...(left.length === 0 ? [] : ["", ...left]),
    ...builds.flatMap(reasons),
    "",
    LEGEND,
    "",
    NEXT,
    "",
  ].join("\n");
}

const LEGEND = `silent: exit 0, or not a word on stderr. double spends: refresh tokens that the server got again after it had
rotated them. After a lost login a person signs in before the next hour, or the rest of the night would be lost too.`;

const NEXT = `Next, for your own login (each reads --help):
  $ pilotlight status
  $ pilotlight refresh
  $ pilotlight run -- claude -p "say hello"`;

function table(builds: readonly BuildReport[]): readonly string[] {
  const cells = (texts: readonly string[]) => texts.map((text) => text.padStart(CELL)).join("");
  const sides = builds.flatMap((build) => [build.with, build.without]);
  const head = "Pilotlight".padEnd(LABEL);
  return [
    "Claude Code".padEnd(LABEL) + builds.map(({ build }) => build.padStart(2 * CELL)).join(""),
    head + cells(builds.flatMap(() => ["with", "without"])),
    ...ROWS.map(
      ([label, count]) => label.padEnd(LABEL) + cells(sides.map((side) => String(count(side)))),
    ),
  ];
}

function reasons(build: BuildReport): readonly string[] {
  const about = (side: Side, title: string) => {
    const failed = grouped(side.failures).flatMap(failureLines);
    const lucky = side.lucky.map(
      ({ hour, what, refused }) =>
        `  hour ${hour}, ${what}: it came through; Pilotlight refuses, for ${refused?.why}`,
    );
    const lines = [...failed, ...lucky];
    return lines.length === 0 ? [] : ["", title, ...lines];
  };
  return [
    ...about(build.with, `${build.build} with Pilotlight, what failed and why`),
    ...about(build.without, `${build.build} without`),
  ];
}

/** The jobs of one moment that ended in the same way. */
function grouped(failures: readonly JobResult[]): readonly (readonly [JobResult, number])[] {
  const groups = Map.groupBy(failures, ({ hour, exit, isSilent, reason }) =>
    JSON.stringify([hour, exit, isSilent, reason]),
  );
  return [...groups.values()].flatMap((jobs) =>
    jobs[0] === undefined ? [] : [[jobs[0], jobs.length] as const],
  );
}

function failureLines([{ hour, what, exit, isSilent, reason, refused }, count]: readonly [
  JobResult,
  number,
]): readonly string[] {
  const facts = [`exit ${exit ?? "by a signal"}`, ...(isSilent ? ["silent"] : [])].join(", ");
  const times = count === 1 ? "" : ` ${count} jobs,`;
  return [
    `  hour ${hour}, ${what}:${times} ${facts}${refused === null ? "" : `; ${refused.why}`}`,
    `      ${cut(reason ?? "")}`,
  ];
}

function cut(text: string): string {
  return text.length <= LINE ? text : `${text.slice(0, LINE - 1)}…`;
}
