import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import {
  type Credential,
  type Entry,
  isBlanked,
  isSamePair,
  type Pair,
  pairOf,
} from "../../core/credential.ts";
import type { Clock, GrantProcess, GrantResult, RefreshGrant, Remains } from "../../core/ports.ts";
import { failedGrant, recogniseRefresh } from "../../core/recognise-refresh.ts";
import type { RehearsedClaude } from "../build/claude-build.ts";
import { isLivingProcess, processesIn, startOfProcess } from "../locking/living-process.ts";
import { REFRESH_COMMANDS } from "../build/refresh-command.ts";
import { failureIn } from "./refresh-evidence.ts";
import type { Stage } from "./stage.ts";

/**
 * The default driver: the user's own, unmodified Claude Code refreshes a copy of the login in a
 * private stage. It gets a session of its own, no pipe to us, and never a signal: a TERM, INT or HUP
 * in mid-grant lost the rotation in 9 of 9 runs (measured on 2.1.329, 2.1.216 and 2.1.104, 2026-11).
 */
export function stagingGrant(options: {
  readonly stage: Stage;
  /** Finds, identifies and rehearses the CLI. @throws PilotlightError `cli_not_found`, `cli_refused` */
  readonly claude: () => Promise<RehearsedClaude>;
  /** The CLI's whole environment. */
  readonly env: () => Promise<Record<string, string>>;
  readonly clock: Clock;
  /** ms after which we stop waiting; the CLI goes on. */
  readonly patience: number;
}): RefreshGrant {
  const { stage, clock, patience } = options;
  let ready: RehearsedClaude | null = null;

  return {
    async prepare() {
      ready = await options.claude();
      await stage.prove();
    },

    async spend(credential, started) {
      const claude = ready ?? (await options.claude());
      await stage.put(credential);
      const child = await start(stage, claude, await options.env());
      if (child instanceof Error) {
        return {
          kind: "failed",
          code: "cli_not_found",
          spent: "no",
          detail: child.message,
          retryAfter: null,
        };
      }
      const pid = child.process.pid ?? 0;
      // Should this record fail, the child is still found by its working directory.
      await started({ pid, startedAt: startOfProcess(pid) ?? "" }).catch(() => undefined);
      const isOver = await endsWithin(child, patience, clock);
      return isOver ? resultIn(stage, credential) : stillRunning(patience);
    },

    async inspect(from, process) {
      const entry = await stage.read();
      if (entry.state === "absent") return { kind: "unsent" };
      if (await isRunning(stage, process, clock)) {
        return { kind: "running", detail: "Claude Code is still refreshing in its stage" };
      }
      return remainsIn(entry, from);
    },

    tidy: () => stage.clear(),
  };
}

interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
}

async function start(
  stage: Stage,
  claude: RehearsedClaude,
  env: Record<string, string>,
): Promise<Started | Error> {
  const [program, ...args] = claude.argv;
  const output = openSync(stage.output, "w", 0o600);
  try {
    const all = [...args, ...REFRESH_COMMANDS[claude.command](stage.debugLog)];
    const child = spawnPrivately(program, all, {
      cwd: stage.directory,
      env,
      // A file, not a pipe: the death of this process must not reach the child as a broken pipe.
      stdio: ["ignore", output, output],
      detached: true,
      windowsHide: true,
    });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    return await new Promise((resolve) => {
      child.once("spawn", () => resolve({ process: child, ended }));
      child.once("error", resolve);
    });
  } finally {
    closeSync(output);
  }
}

/** A child inherits the umask of the moment: its logs and backups are nobody else's business. */
function spawnPrivately(...call: Parameters<typeof spawn>): ChildProcess {
  const umask = process.umask(0o077);
  try {
    return spawn(...call);
  } finally {
    process.umask(umask);
  }
}

async function endsWithin(child: Started, patience: number, clock: Clock): Promise<boolean> {
  const enough = new AbortController();
  const isOver = await Promise.race([
    child.ended.then(() => true),
    clock.sleep(patience, enough.signal).then(() => false),
  ]);
  enough.abort();
  // It has a session of its own; we only stop waiting for it.
  child.process.unref();
  return isOver;
}

async function resultIn(stage: Stage, spent: Credential): Promise<GrantResult> {
  const remains = remainsIn(await stage.read(), pairOf(spent));
  if (remains.kind === "issued" || remains.kind === "rejected") return remains;
  return failureIn(await readFile(stage.debugLog, "utf8").catch(() => null));
}

function remainsIn(entry: Entry, from: Pair): Remains {
  if (entry.state !== "present") return { kind: "nothing" };
  const { credential } = entry;
  if (isBlanked(credential)) {
    return { kind: "rejected", detail: "Claude Code blanked its staged copy (invalid_grant)" };
  }
  if (isSamePair(pairOf(credential), from)) return { kind: "nothing" };
  return { kind: "issued", credential };
}

async function isRunning(
  stage: Stage,
  process: GrantProcess | null,
  clock: Clock,
): Promise<boolean> {
  if (process !== null && isLivingProcess(process.pid, process.startedAt || null)) return true;
  if (processesIn(stage.directory).length > 0) return true;
  return stage.isBeating(clock.now());
}

function stillRunning(patience: number): GrantResult {
  const detail = `Claude Code has not ended after ${patience / 1000} s; it goes on, and what it stores is adopted`;
  return failedGrant(recogniseRefresh({ via: "cli", isRunning: true }), detail);
}
