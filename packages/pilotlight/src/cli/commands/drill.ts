import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endAs } from "../../child/child-end.ts";
import { onEnding } from "../ending-signals.ts";
import { claudeArguments } from "../../claude/command-line/claude-arguments.ts";
import { type ClaudeCommand, findClaude } from "../../claude/build/find-claude.ts";
import { PilotlightError, traitsOf } from "../../core/errors.ts";
import { wrongEnds } from "../../sandbox/drill/tally.ts";
import type { DrillReport } from "../../sandbox/drill/drill.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Io } from "../io.ts";
import { printFailure } from "../print-error.ts";
import type { Watch } from "../drill/watch-night.ts";
import { type Progress, progress } from "../progress.ts";

export interface DrillFlags {
  readonly json?: boolean;
  readonly claude?: string;
  readonly short?: boolean;
  readonly watch?: boolean;
  readonly listen?: string;
  readonly renew?: boolean;
}

/** ms. Several times what a night takes, with the stand-in and with a real Claude Code. */
const LIMITS = { standIn: 300_000, real: 1_200_000 };
/** ms. Several times what a person who looks on adds to it: the waiting for a browser, and a pause for each hour. */
const WATCHED = 300_000;

/** `pilotlight drill`: a bad night on the sandbox, with and without Pilotlight. @returns 0 if every job that could succeed did */
export async function drill(flags: DrillFlags, io: Io): Promise<number> {
  if (process.platform !== "linux")
    throw new PilotlightError("unsupported", "the drill follows processes as Linux shows them");
  const path = io.env["PATH"] ?? "/usr/bin:/bin";
  const command = flags.claude === undefined ? null : await realClaude(flags.claude, path);
  const isWatched = flags.watch === true;
  if (flags.listen !== undefined && !isWatched)
    throw new PilotlightError("usage", "--listen says where --watch shows the night");
  const limit = (command === null ? LIMITS.standIn : LIMITS.real) + (isWatched ? WATCHED : 0);
  const interruption = new AbortController();
  const deafen = onEnding((name) => {
    interruption.abort(name);
    // A second one ends us at once.
    deafen();
  });
  const signal = AbortSignal.any([interruption.signal, AbortSignal.timeout(limit)]);
  let bar: Progress | null = null;
  let watch: Watch | null = null;
  try {
    if (flags.renew === true) {
      const { renewDrill } = await import("../drill/renew-drill.ts");
      const [pilotlight, standIn] = [[process.execPath, placeOf("main")], placeOf("standIn")];
      const claude = command?.argv ?? null;
      return await renewDrill({ flags, io, parts: { pilotlight, standIn, claude, path, signal } });
    }
    if (isWatched) {
      const { watchNight } = await import("../drill/watch-night.ts");
      watch = await watchNight(flags, io, interruption.signal);
      signal.throwIfAborted();
    }
    bar = flags.json === true ? null : await progress(io);
    const claude = command && {
      argv: command.argv,
      isIsolatable: await isIsolatable(command, path),
    };
    signal.throwIfAborted();
    const { drill: play } = await import("../../sandbox/drill/drill.ts");
    const report = await play({
      pilotlight: [process.execPath, placeOf("main")],
      standIn: placeOf("standIn"),
      claude,
      path,
      isShort: flags.short ?? false,
      onlooker: watch?.onlooker ?? null,
      told: (done, all, what) => bar?.told(done, all, what),
      signal,
    });
    bar?.over("The night is over.");
    const exit = await say(report, flags, io);
    await watch?.over(report);
    if (!interruption.signal.aborted) return exit;
    bar = null;
    throw interruption.signal.reason;
  } catch (error) {
    await watch?.close();
    bar?.over("Broken off; everything is cleared away.");
    if (interruption.signal.aborted)
      return endAs({ kind: "signalled", signal: interruption.signal.reason as NodeJS.Signals });
    if (!signal.aborted) throw error;
    const detail = `the drill was not over after ${limit / 1000} s; this machine may be too busy`;
    throw new PilotlightError("bug", detail, { cause: error });
  } finally {
    await watch?.close();
    deafen();
  }
}

async function say(report: DrillReport, { json }: DrillFlags, io: Io): Promise<number> {
  if (json === true) io.out(`${JSON.stringify(report)}\n`);
  else {
    const { printReport } = await import("../../sandbox/drill/print-report.ts");
    io.out(printReport(report));
  }
  for (const { build, with: side } of report.builds) {
    for (const { hour, what, job, exit, reason } of wrongEnds(side)) {
      const place = `build ${build}, hour ${hour} (${what}), job ${job}: exit ${exit}: ${reason}`;
      io.err(printFailure("bug", place));
    }
  }
  return report.ok ? 0 : traitsOf("bug").exit;
}

/** @throws PilotlightError `cli_not_found`; `usage` for what no job could be recognised by */
async function realClaude(setting: string, path: string): Promise<ClaudeCommand> {
  const isScript = /\.[cm]?js$/.test(setting) && existsSync(setting);
  const named = isScript ? JSON.stringify([process.execPath, setting]) : setting;
  const command = await findClaude(named, { PATH: path });
  if (claudeArguments([...command.argv, "-p"]) === null)
    throw new PilotlightError(
      "usage",
      `--claude ${setting}: the file must be called claude or cli.js`,
    );
  return command;
}

/** What is refused on a read-only file depends on it. */
async function isIsolatable(command: ClaudeCommand, path: string): Promise<boolean> {
  const { isolationRehearsal } = await import("../../sandbox/rehearse-isolation.ts");
  return isolationRehearsal({ env: { PATH: path }, files: durableFiles() })(command);
}

/** From the source, and from the bundle, whose files lie beside each other or in `chunks`. */
const PLACES = {
  main: ["../main.ts", "./cli.mjs", "../cli.mjs"],
  standIn: ["../../sandbox/stand-in/stand-in.ts", "./stand-in.mjs", "../stand-in.mjs"],
} as const;

function placeOf(name: keyof typeof PLACES): string {
  const found = PLACES[name]
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((place) => existsSync(place));
  if (found === undefined) throw new PilotlightError("bug", `the package lacks its ${name}`);
  return found;
}
