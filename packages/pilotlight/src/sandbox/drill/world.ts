import { globSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { credentialsFile } from "../../claude/credentials-file.ts";
import { pairOf } from "../../core/credential.ts";
import { processesIn } from "../../claude/locking/living-process.ts";
import { type Sandbox, startSandbox } from "../start-sandbox.ts";
import { type JobOptions, type RunningJob, startJob } from "./job-process.ts";
import { type NightClock, nightClock } from "./night-clock.ts";
import { movedBack, passTime } from "./pass-time.ts";

/** What a world is made of. */
export interface WorldOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  /** `PATH` of every child; nothing else of this process's environment reaches one. */
  readonly path: string;
  /** The command that starts Claude Code. */
  readonly claude: readonly string[];
  /** More for every child's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends every child. */
  readonly signal: AbortSignal;
}

/** One machine with one login, alone with its server: a home, a clock, jobs. */
export interface World {
  readonly sandbox: Sandbox;
  /** The server's; the programs have the machine's, and find every date on disk moved back instead. */
  readonly clock: NightClock;
  /** The whole environment of every child. */
  readonly env: Readonly<Record<string, string>>;
  readonly places: { readonly home: string; readonly file: string };
  /** A person signs in, as `claude auth login` writes it down. */
  signIn(): void;
  /** Puts the lock there that all builds know, as one that ended `ageMs` ago without releasing it. */
  leaveLock(ageMs: number): void;
  /** False when nothing on disk can be renewed any more: the server would not take the stored refresh token. */
  hasLogin(): boolean;
  start(argv: readonly string[]): RunningJob;
  /** Lets virtual time go by, once nothing runs any more. */
  pass(ms: number): Promise<void>;
  /** Waits until no process of this world is left. */
  quiet(): Promise<void>;
  /** Ends whatever is left, by its id. */
  close(): Promise<void>;
}

/** What the model says; a job whose stdout lacks it has not succeeded. */
export const ANSWER = "The night watch answers: all is well.";

const POLL = 50;

export async function openWorld({
  folder,
  path,
  claude,
  env: more,
  signal,
}: WorldOptions): Promise<World> {
  const clock = nightClock();
  const sandbox = await startSandbox({ now: () => clock.now(), reply: () => ANSWER });
  const at = (...parts: string[]) => {
    const place = join(folder, ...parts);
    mkdirSync(place, { recursive: true, mode: 0o700 });
    return place;
  };
  const home = at("home");
  const configDir = at("home", ".claude");
  const stateDir = join(at("home", ".local", "state"), "pilotlight");
  const temp = at("tmp");
  const file = join(configDir, ".credentials.json");
  const options: JobOptions = {
    cwd: at("work"),
    env: {
      PATH: path,
      LANG: "C.UTF-8",
      HOME: home,
      CLAUDE_CONFIG_DIR: configDir,
      ANTHROPIC_CONFIG_DIR: at("home", ".config", "anthropic"),
      XDG_CONFIG_HOME: at("home", ".config"),
      XDG_STATE_HOME: at("home", ".local", "state"),
      XDG_CACHE_HOME: at("cache"),
      TMPDIR: temp,
      PILOTLIGHT_STATE_DIR: stateDir,
      PILOTLIGHT_CLAUDE: JSON.stringify(claude),
      ...more,
      ...sandbox.env(),
    },
    signal,
  };
  const running = new Set<Promise<unknown>>();

  /** A Claude Code in a stage has a session of its own, and outlives whoever started it. */
  const staged = () =>
    [...globSync(join(stateDir, "staging", "*")), ...rehearsalStages(temp)].flatMap(processesIn);

  async function quiet(): Promise<void> {
    await Promise.all(running);
    while (!signal.aborted && (staged().length > 0 || isAsked(sandbox))) await sleep(POLL);
  }

  return {
    sandbox,
    clock,
    env: options.env,
    places: { home, file },
    quiet,
    signIn() {
      // The server's clock is ahead of the machine's by the time that has been let go by.
      const document = movedBack(JSON.stringify(sandbox.signIn()), clock.ahead());
      writeFileSync(file, document, { mode: 0o600 });
    },
    leaveLock(ageMs) {
      const lock = `${configDir}.lock`;
      const left = new Date(Date.now() - ageMs);
      mkdirSync(lock, { recursive: true });
      utimesSync(lock, left, left);
    },
    hasLogin() {
      const entry = credentialsFile.parse(readFileSync(file, "utf8"));
      const stored = entry.state === "present" ? pairOf(entry.credential).refresh : null;
      return sandbox
        .logins()
        .some(({ refreshToken, state }) => state === "live" && refreshToken === stored);
    },
    start(argv) {
      const job = startJob(argv, options);
      running.add(job.ended);
      void job.ended.then(() => running.delete(job.ended));
      return job;
    },
    async pass(ms) {
      await quiet();
      passTime({ configDir, stateDir }, ms);
      clock.pass(ms);
    },
    async close() {
      await Promise.all(running);
      while (staged().length > 0) {
        for (const pid of staged()) endProcess(pid);
        await sleep(POLL);
      }
      await sandbox.stop();
    },
  };
}

/** Where a build is rehearsed before its first refresh. */
function rehearsalStages(temp: string): readonly string[] {
  return globSync(join(temp, "pilotlight-rehearsal-*", "*"));
}

function isAsked(sandbox: Sandbox): boolean {
  return sandbox.requests().some(({ state }) => state === "pending");
}

/** Only here is a refresh in flight ever ended: its tokens are invented, and nothing may outlive the drill. */
function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}
