import { printDuration } from "../../../core/duration.ts";
import { GRANT_PATIENCE } from "../../../core/schedule.ts";
import { directiveIn, type Hit, hitsIn, isGuarded, startsClaude } from "./claude-in-line.ts";
import type { ScannedFile, ScannedLine } from "./scan-files.ts";
import { timeSpan } from "./time-span.ts";

const SYSTEMD_DEFAULT = 90_000;
const COMPOSE_DEFAULT = 10_000;
const HEALTHCHECK_DEFAULT = 30_000;

/** Finds every place that stops Claude Code sooner than a grant may take: a signal in mid-grant loses the login. */
export function shortStops(files: readonly ScannedFile[]): readonly Hit[] {
  return [
    ...hitsIn(files, ({ text }, file) => {
      if (!startsClaude(text) || isGuarded(text)) return null;
      return timeoutCommand(text) ?? healthCheck(text) ?? pythonTimeout(text, file);
    }),
    ...files.filter(({ kind }) => kind === "unit").flatMap(unitStops),
    ...files.filter(({ kind }) => kind === "compose").flatMap(composeStops),
    ...files.filter(({ lines }) => lines.some(involves)).flatMap(podStops),
  ];
}

function timeoutCommand(text: string): string | null {
  const words = text.slice(/(?<![\w.-])timeout\s/.exec(text)?.index ?? text.length).split(/\s+/);
  words.shift();
  while (words[0]?.startsWith("-")) {
    const takesValue = /^-[a-z]*[sk]$|^--(signal|kill-after)$/.test(words[0]);
    words.splice(0, takesValue ? 2 : 1);
  }
  const span = zeroIsNever(timeSpan(words[0] ?? ""));
  if (!isShort(span) || !startsClaude(words.join(" "))) return null;
  return `timeout stops it after ${printDuration(span)}`;
}

function healthCheck(text: string): string | null {
  if (!/^\s*HEALTHCHECK\b/i.test(text)) return null;
  const given = /--timeout=(\S+)/.exec(text)?.[1];
  const span = given === undefined ? HEALTHCHECK_DEFAULT : timeSpan(given);
  return isShort(span) ? `the health check kills it after ${printDuration(span)}` : null;
}

function pythonTimeout(text: string, { path }: ScannedFile): string | null {
  const seconds = path.endsWith(".py") ? /\btimeout\s*=\s*(\d+)/.exec(text)?.[1] : undefined;
  const span = timeSpan(seconds ?? "");
  return isShort(span) ? `subprocess kills it after ${printDuration(span)}` : null;
}

function unitStops(file: ScannedFile): readonly Hit[] {
  const start = directiveIn(file, "ExecStart");
  if (start === null || !involves({ number: 0, text: start.value })) return [];
  const at = (line: number, what: string): Hit => ({ file: file.path, line, what });
  const hits: Hit[] = [];
  const kill = directiveIn(file, "KillMode");
  if (isGuarded(start.value) && !/^(mixed|process)$/.test(kill?.value ?? "")) {
    const which = kill === null ? "KillMode is not set, so" : "KillMode:";
    const what = `${which} systemd sends the stop signal to a refresh under way, too; mixed spares it`;
    hits.push(at((kill ?? start).line, what));
  }
  const stop = directiveIn(file, "TimeoutStopSec") ?? directiveIn(file, "TimeoutSec");
  const span = stop === null ? SYSTEMD_DEFAULT : zeroIsNever(timeSpan(stop.value));
  if (isShort(span)) {
    const which = stop === null ? "TimeoutStopSec is not set, so" : "TimeoutStopSec:";
    const what = `${which} systemd kills it ${printDuration(span)} after the stop signal`;
    hits.push(at((stop ?? start).line, what));
  }
  return hits;
}

function composeStops(file: ScannedFile): readonly Hit[] {
  return composeServices(file).flatMap(({ name, line, lines }) => {
    if (!lines.some(involves)) return [];
    const grace = lines.find(({ text }) => /^\s*stop_grace_period:/.test(text));
    const given = grace?.text.replace(/^\s*stop_grace_period:/, "").trim();
    const span = given === undefined ? COMPOSE_DEFAULT : timeSpan(given);
    if (!isShort(span)) return [];
    const which = given === undefined ? "stop_grace_period is not set, so" : "stop_grace_period:";
    const what = `service ${name}: ${which} Docker kills it ${printDuration(span)} after the stop signal`;
    return [{ file: file.path, line: grace?.number ?? line, what }];
  });
}

function podStops(file: ScannedFile): readonly Hit[] {
  return hitsIn([file], ({ text }) => {
    const seconds = /^\s*terminationGracePeriodSeconds:\s*(\d+)/.exec(text)?.[1];
    const span = timeSpan(seconds ?? "");
    return isShort(span)
      ? `Kubernetes kills it ${printDuration(span)} after the stop signal`
      : null;
  });
}

interface ComposeService {
  readonly name: string;
  readonly line: number;
  readonly lines: readonly ScannedLine[];
}

/** The services of a Compose file by their indentation; a parser for all of YAML would say no more here. */
function composeServices({ lines }: ScannedFile): readonly ComposeService[] {
  const services: { name: string; line: number; lines: ScannedLine[] }[] = [];
  let inServices = false;
  let indent: number | null = null;
  for (const line of lines) {
    const depth = line.text.search(/\S/);
    if (depth === -1) continue;
    if (depth === 0) {
      inServices = line.text.startsWith("services:");
      continue;
    }
    if (!inServices) continue;
    indent ??= depth;
    const name = /^\s*([\w."'-]+):\s*$/.exec(line.text)?.[1];
    if (depth === indent && name !== undefined) {
      services.push({ name: name.replace(/["']/g, ""), line: line.number, lines: [] });
    } else services.at(-1)?.lines.push(line);
  }
  return services;
}

/** Whatever starts Claude Code, has its login, or is Pilotlight itself. */
function involves({ text }: ScannedLine): boolean {
  return startsClaude(text) || isGuarded(text) || /\.claude\b|\.credentials\.json/.test(text);
}

/** To timeout(1) and to systemd, but to nobody else, a time of 0 is none at all. */
function zeroIsNever(span: number | null): number | null {
  return span === 0 ? Number.POSITIVE_INFINITY : span;
}

function isShort(span: number | null): span is number {
  return span !== null && span < GRANT_PATIENCE;
}
