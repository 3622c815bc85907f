import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PilotlightError } from "../../../core/errors.ts";
import { ACCOUNTS } from "../../accounts.ts";
import { openWorld, type World } from "../world.ts";
import { type Act, ACTS } from "./acts.ts";
import type { Tell } from "./person.ts";
import { type PlayedAct, playAct } from "./play-act.ts";

/** What the drill is made of. */
export interface DrillRenewOptions {
  /** The command that starts this Pilotlight. */
  readonly pilotlight: readonly string[];
  /** The stand-in's script. */
  readonly standIn: string;
  /** A real Claude Code instead of the stand-in. */
  readonly claude: readonly string[] | null;
  /** `PATH` of every child. */
  readonly path: string;
  readonly acts?: readonly Act[];
  /** Called before each act. */
  began(act: Act): void;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/** `pilotlight.drill-renew/v1`. */
export interface DrillRenewReport {
  readonly schema: "pilotlight.drill-renew/v1";
  /** Every act ended as it must. */
  readonly ok: boolean;
  /** The command, or `stand-in`. */
  readonly claude: string;
  readonly durationMs: number;
  readonly acts: readonly PlayedAct[];
}

const TAKES_NO_CODE =
  "this Claude Code takes no code on a pipe, so there is no renewal to rehearse with it; name 2.1.216 or a newer one";

/**
 * Plays the end of a login and its renewal by a person, and what can go wrong with it.
 * @throws the reason of `signal` when it aborts @throws PilotlightError `unsupported` for a build that takes no code
 */
export async function drillRenew(options: DrillRenewOptions): Promise<DrillRenewReport> {
  const { pilotlight, acts = ACTS, began, tell } = options;
  const started = performance.now();
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-drill-")));
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  let world: World | null = null;
  try {
    const folder = join(root, "world");
    mkdirSync(folder, { mode: 0o700 });
    const { path } = options;
    const env = { NODE_COMPILE_CACHE: join(root, "compiled") };
    world = await openWorld({ folder, path, claude: claudeIn(options, root), env, signal });
    signInFirst(world);
    const played: PlayedAct[] = [];
    for (const act of acts) {
      signal.throwIfAborted();
      began(act);
      const one = await playAct(world, act, pilotlight, tell);
      if (one.code === "unsupported") throw new PilotlightError("unsupported", TAKES_NO_CODE);
      played.push(one);
    }
    signal.throwIfAborted();
    return {
      schema: "pilotlight.drill-renew/v1",
      ok: played.every((act) => act.deviations.length === 0),
      claude: options.claude?.join(" ") ?? "stand-in",
      durationMs: Math.round(performance.now() - started),
      acts: played,
    };
  } finally {
    broken.abort();
    await world?.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A login of thirty days, and whose it is, as Claude Code notes it with its first job. */
function signInFirst(world: World): void {
  world.signIn();
  const { uuid: accountUuid, email: emailAddress, organizationUuid } = ACCOUNTS.person;
  const noted = { oauthAccount: { accountUuid, emailAddress, organizationUuid } };
  const file = join(dirname(world.places.file), ".claude.json");
  writeFileSync(file, JSON.stringify(noted), { mode: 0o600 });
}

function claudeIn({ claude, standIn }: DrillRenewOptions, root: string): readonly string[] {
  if (claude !== null) return claude;
  // By this name Pilotlight knows it for Claude Code.
  const script = join(root, "cli.js");
  symlinkSync(standIn, script);
  return [process.execPath, script];
}
