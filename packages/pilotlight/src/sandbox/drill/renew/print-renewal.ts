import type { Act } from "./acts.ts";
import type { DrillRenewReport } from "./drill-renew.ts";
import type { PlayedAct } from "./play-act.ts";

const PARTS: Readonly<Record<Act["part"], string>> = {
  ahead: "A login is about to end",
  renewal: "A person renews it",
  trouble: "What goes wrong, and how it ends",
};

const WHAT = 42;
const STEP = 10;

/** Prints the drill for people: an act in a line, what deviates, and what to do next. */
export function printRenewal({ acts, durationMs }: DrillRenewReport): string {
  const seconds = Math.round(durationMs / 1000);
  const parts = (Object.keys(PARTS) as Act["part"][]).flatMap((part) => {
    const rows = acts.filter((act) => act.part === part).map(row);
    return rows.length === 0 ? [] : ["", heading(PARTS[part]), ...rows];
  });
  return [
    `The renewal of a login on the sandbox in ${seconds} s; invented tokens, nothing but 127.0.0.1.`,
    ...parts,
    "",
    LEGEND,
    "",
    NEXT,
    "",
  ].join("\n");
}

const LEGEND = `untouched: not a byte of the stored login differs, and the server would renew it. renewed: other tokens, proved by a
request, and a later end. browser: a person was sent there.`;

const NEXT = `Next, for your own login (each reads --help):
  $ pilotlight status
  $ pilotlight login`;

function heading(title: string): string {
  return `${title.padEnd(WHAT)}  exit  code             login      days  browser`;
}

function row(act: PlayedAct): string {
  const { what, exit, code, login, daysLeft, asksPerson } = act;
  const cells = [
    what.padEnd(WHAT),
    (exit === null ? "kill" : String(exit)).padStart(4),
    (code ?? "").padEnd(15),
    login.padEnd(9),
    String(daysLeft).padStart(4),
    asksPerson ? "yes" : "no",
  ];
  const wrong = act.deviations.map((deviation) => `    not as it must: ${deviation}`);
  return [cells.join("  ").trimEnd(), ...wrong].join("\n");
}

/** What is about to happen, for the one who watches. */
export function printAct({ what }: Pick<Act, "what">): string {
  return `${what}\n`;
}

export function printStep(step: string, said: string): string {
  return `  ${step.padEnd(STEP)}${said}\n`;
}
