import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBehaviour, STAND_IN_VERSIONS } from "../stand-in/build-behaviour.ts";
import { type DiskActs, diskActs } from "./disk-acts.ts";
import { type Moment, NIGHT, SHORT_NIGHT, withFewerJobs } from "./night.ts";
import type { Onlooker } from "./onlooker.ts";
import { type Cast, isRehearsed, play } from "./play.ts";
import { type Side, tally, wrongEnds } from "./tally.ts";
import { openWorld } from "./world.ts";

/** What a drill is made of. */
export interface DrillOptions {
  /** The command that starts this Pilotlight. */
  readonly pilotlight: readonly string[];
  /** The stand-in's script. */
  readonly standIn: string;
  /** A real Claude Code instead of the stand-in, for a night with fewer jobs. */
  readonly claude: { readonly argv: readonly string[]; readonly isIsolatable: boolean } | null;
  /** `PATH` of every child. */
  readonly path: string;
  /** A few moments only, to see that all works. */
  readonly isShort: boolean;
  /** Looks on while the night is played with Pilotlight, on the newest build and no other. */
  readonly onlooker?: Onlooker | null;
  /** Called after each moment of each world, with all there are. */
  told(done: number, all: number, what: string): void;
  readonly signal: AbortSignal;
}

/** `pilotlight.drill/v1`. Times in ms, hours since the sign-in. */
export interface DrillReport {
  readonly schema: "pilotlight.drill/v1";
  /** Every job that could succeed did, and every other one said why not. */
  readonly ok: boolean;
  /** The command, or `stand-in`. */
  readonly claude: string;
  readonly hours: number;
  readonly durationMs: number;
  /** What this machine does not allow, or what did not come about. */
  readonly notRehearsed: readonly {
    readonly hour: number;
    readonly what: string;
    readonly why: string;
  }[];
  readonly builds: readonly BuildReport[];
}

/** The same night on the same build, with and without Pilotlight. */
export interface BuildReport {
  readonly build: string;
  readonly with: Side;
  readonly without: Side;
}

/** Jobs at once for a real Claude Code. */
const FEWER = 2;
const NO_MOUNTS = "mounts of its own are not permitted here (unshare -m, unshare -Urm)";
const NO_KILL = "a process that was to be killed had ended before";

/** A build of Claude Code, as jobs start it. */
interface Build extends Pick<Cast, "claude" | "isIsolatable"> {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Plays the night on each build, with and without Pilotlight, and counts. @throws the reason of `signal` when it aborts */
export async function drill(options: DrillOptions): Promise<DrillReport> {
  const started = performance.now();
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-drill-")));
  try {
    const disks = diskActs(root, options.path);
    const night = nightOf(options);
    const builds = await playAll(options, { root, night, disks, builds: buildsOf(options, root) });
    const isBad = builds.some((build) => wrongEnds(build.with).length > 0);
    const left = night.filter((moment) => !isRehearsed(moment, { disks }));
    const survived = builds.flatMap((build) => [...build.with.survived, ...build.without.survived]);
    return {
      schema: "pilotlight.drill/v1",
      ok: !isBad,
      claude: options.claude?.argv.join(" ") ?? "stand-in",
      hours: night.at(-1)?.hour ?? 0,
      durationMs: Math.round(performance.now() - started),
      notRehearsed: [
        ...left.map(({ hour, what }) => ({ hour, what, why: NO_MOUNTS })),
        ...survived.map(({ hour, what }) => ({ hour, what, why: NO_KILL })),
      ],
      builds,
    };
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function nightOf({ claude, isShort }: DrillOptions): readonly Moment[] {
  const night = isShort ? SHORT_NIGHT : NIGHT;
  return claude === null ? night : withFewerJobs(night, FEWER);
}

function buildsOf({ claude, standIn, onlooker }: DrillOptions, root: string): readonly Build[] {
  if (claude !== null) return [{ ...claude, name: "claude", claude: claude.argv, env: {} }];
  // By this name `run` knows it for Claude Code.
  const script = join(root, "cli.js");
  symlinkSync(standIn, script);
  const played = onlooker == null ? STAND_IN_VERSIONS : STAND_IN_VERSIONS.slice(-1);
  return played.map((name) => ({
    name,
    claude: [process.execPath, script],
    isIsolatable: buildBehaviour(name).honoursSecureStorage,
    env: { PILOTLIGHT_STAND_IN: name },
  }));
}

interface Stage {
  readonly root: string;
  readonly night: readonly Moment[];
  readonly disks: DiskActs;
  readonly builds: readonly Build[];
}

/** Side by side, for most of a night is waiting; the first that breaks off ends the others. */
async function playAll(
  options: DrillOptions,
  { root, night, disks, builds }: Stage,
): Promise<readonly BuildReport[]> {
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const all = builds.length * 2 * night.length;
  let done = 0;

  async function side(build: Build, pilotlight: readonly string[] | null): Promise<Side> {
    const name = `${build.name}${pilotlight === null ? "" : "+"}`;
    const folder = join(root, name);
    mkdirSync(folder, { mode: 0o700 });
    const env = { ...build.env, NODE_COMPILE_CACHE: join(root, "compiled") };
    const world = await openWorld({
      folder,
      path: options.path,
      claude: build.claude,
      env,
      signal,
    });
    const onlooker = pilotlight === null ? null : (options.onlooker ?? null);
    onlooker?.met(
      world,
      night.filter((moment) => isRehearsed(moment, { disks })),
    );
    let index = 0;
    const told = () => {
      index += 1;
      done += 1;
      options.told(done, all, night[index - 1]?.what ?? "");
    };
    try {
      const cast = { ...build, pilotlight, disks };
      return tally(await play(world, night, cast, { told, onlooker, signal }));
    } catch (error) {
      broken.abort(error);
      throw error;
    } finally {
      await onlooker?.left();
      await world.close();
    }
  }

  const sides = builds.map(async (build) => {
    const both = [side(build, options.pilotlight), side(build, null)] as const;
    await Promise.allSettled(both);
    const [withIt, without] = await Promise.all(both);
    return { build: build.name, with: withIt, without };
  });
  await Promise.allSettled(sides);
  return Promise.all(sides);
}
