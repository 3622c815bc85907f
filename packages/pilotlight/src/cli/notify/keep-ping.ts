import { randomUUID } from "node:crypto";
import { isErrorCode, traitsOf } from "../../core/errors.ts";
import { healthOf } from "../../core/health.ts";
import { problemOf } from "../../core/alerts/problem.ts";
import type { KeptLogin } from "../../core/kept-login.ts";
import type { Secret } from "../../core/secret.ts";
import { type Beat, type Heartbeat, heartbeat } from "../../notify/heartbeat.ts";
import { requireSafeUrl } from "../../notify/safe-url.ts";
import type { Config } from "../config.ts";
import type { Log } from "../keep/keep-log.ts";
import { proxiedFetch } from "../proxied-fetch.ts";
import { readSecret } from "./secret-ref.ts";

/** Tells a monitor elsewhere that the daemon lives and its logins can be used, so that silence is noticed there. */
export interface KeepPing {
  /** A login may have gone down, or come back: that is told at once. */
  hint(): void;
  /** The beat of its time. Never throws. */
  run(): Promise<void>;
}

/** Reads where the monitor is; `null` where none is configured. @throws PilotlightError `config_invalid` */
export async function openPing({ keep, env }: Config): Promise<Heartbeat | null> {
  if (keep.ping === null) return null;
  const url: Secret = await readSecret(keep.ping, "ping", env);
  requireSafeUrl(url, "keep.ping", true);
  const fetch = proxiedFetch(env, { isPatient: false });
  return heartbeat(new URL(url.reveal()), { fetch, runId: randomUUID() });
}

/** What the daemon shows of itself. */
interface Pinged {
  readonly isTicking: () => boolean;
  readonly logins: () => readonly KeptLogin[];
  readonly now: () => number;
  readonly log: Log;
}

/**
 * A start at the first beat, then success while the loop turns and no login is down, and failure while one is.
 * At the daemon's end nothing is sent: whoever ended it for good tells the monitor, or is asked by it.
 */
export function keepPing(beats: Heartbeat, parts: Pinged): KeepPing {
  const { isTicking, logins, now, log } = parts;
  let last: Beat["kind"] | null = null;
  let isFailing = false;

  const send = async (beat: Beat): Promise<void> => {
    last = beat.kind;
    const why = await beats.send(beat);
    if (why !== null && !isFailing) {
      log({ level: "warn", message: `the monitor of keep.ping was not told: ${why}` });
    }
    isFailing = why !== null;
  };

  return {
    hint() {
      const beat = beatOf(logins(), now());
      if (last !== null && beat !== null && beat.kind !== last) void send(beat);
    },
    async run() {
      if (last === null) await send({ kind: "start" });
      // A loop that stands still is the silence that the monitor waits for.
      const beat = isTicking() ? beatOf(logins(), now()) : null;
      if (beat !== null) await send(beat);
    },
  };
}

/** `null` while nobody has looked at every login. */
function beatOf(logins: readonly KeptLogin[], now: number): Beat | null {
  const all = logins.map((kept) => healthOf(kept, now));
  const down = all.find(({ health }) => health === "down");
  if (down === undefined) {
    const isSeen = all.every(({ health }) => health !== "starting");
    return isSeen ? { kind: "success", durationMs: 0 } : null;
  }
  const problem = problemOf(down);
  const code = problem === null || problem === "unknown" ? "refresh_due" : problem.code;
  return { kind: "failure", exit: isErrorCode(code) ? traitsOf(code).exit : 75, code };
}
