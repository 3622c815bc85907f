import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findClaude } from "../../claude/build/find-claude.ts";
import { processesIn } from "../../claude/locking/living-process.ts";
import { readSettings } from "../../claude/precedence/settings.ts";
import { signedInAccount } from "../../claude/signing-in/signed-in-account.ts";
import { type SignInChild, startSignIn } from "../../claude/signing-in/sign-in-child.ts";
import { sayHello } from "../../claude/staging/hello.ts";
import { type Stage, stageIn } from "../../claude/staging/stage.ts";
import { stagingEnvironment } from "../../claude/staging/staging-environment.ts";
import { type Credential, isBlanked, isSamePair, pairOf } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { readPastedCode } from "../../core/sign-in-code.ts";
import { installSignIn } from "../../keeper/install-sign-in.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Config, LoginConfig } from "../config.ts";
import { stateLease } from "../keep/state-lease.ts";
import { privateDirectory } from "../proof/private-directory.ts";
import { refusalIn } from "../proof/prove-by-hello.ts";
import { stateOf } from "../state-of.ts";
import { systemClock } from "../system-clock.ts";

/** Whom to sign in, and what is allowed. */
export interface SignInWish {
  readonly config: Config;
  readonly login: LoginConfig;
  readonly parts: KeeperParts;
  /** The new login may be another account's. */
  readonly maySwitch: boolean;
  /** Ends what waits for a person; a code that was given is waited for. */
  readonly signal: AbortSignal;
}

/** What a sign-in has come to. */
export interface SignedIn {
  readonly credential: Credential;
  /** It had been completed before, and only had to be proved and stored. */
  readonly isResumed: boolean;
}

/** A sign-in in the stage of a login: the present one stays in use until the new one is proved. */
export interface SignIn {
  /** What a person has to open; `null` where a completed sign-in was found, and no person is needed. */
  readonly link: string | null;
  /**
   * Passes on what a person pasted, then proves the new login and puts it in the place of the present one.
   * @throws PilotlightError `code_rejected`, and before anything was sent so that another can be given: `isOpen` says so
   */
  give(pasted: string): Promise<SignedIn>;
  /** Proves and stores the sign-in that was found. */
  resume(): Promise<SignedIn>;
  /** False once the code has been passed on. */
  isOpen(): boolean;
  /** Gives up, and leaves nothing behind but what was completed. */
  close(): Promise<void>;
}

/**
 * Begins a sign-in by the user's own Claude Code (`claude auth login`) in a private stage.
 * @throws PilotlightError `lock_busy` while somebody else signs in to this login; `cli_not_found`, `unsupported`, `sign_in_failed`, `cannot_persist`
 */
export async function signIn(wish: SignInWish): Promise<SignIn> {
  const { config, login } = wish;
  const lease = stateLease(config.stateDir, `${login.name}.sign-in`, systemClock);
  if (!(await lease.take())) {
    throw new PilotlightError("lock_busy", "somebody else is signing in to this login just now");
  }
  const stage = stageIn(stagePathOf(config, login), durableFiles());
  try {
    // Nobody is sent to a browser for a login that could not be stored. The first one of a host finds no directory.
    await mkdir(stateOf(config, login).locations.lockDir, { recursive: true, mode: 0o700 }).catch(
      (error: unknown) => {
        throw new PilotlightError("cannot_persist", String(error));
      },
    );
    await Promise.all([stage.prove(), wish.parts.store.proveWritable()]);
    await settleOrphans(stage);
    const found = await completedIn(stage);
    const child = found === null ? await beginIn(stage, wish) : null;
    return opened(wish, stage, child, () => lease.release());
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** No login's own stage: names hold no dot. */
function stagePathOf(config: Config, login: LoginConfig): string {
  return join(config.stateDir, "staging", `${login.name}.sign-in`);
}

function opened(
  wish: SignInWish,
  stage: Stage,
  child: SignInChild | null,
  release: () => void,
): SignIn {
  let isOpen = true;
  const finish = async (isResumed: boolean): Promise<SignedIn> => {
    const credential = await completedIn(stage);
    if (credential === null) {
      throw new PilotlightError("sign_in_failed", "Claude Code ended without storing a login");
    }
    await settle(wish, stage, credential);
    return { credential, isResumed };
  };
  return {
    link: child?.link ?? null,
    isOpen: () => isOpen,
    async give(pasted) {
      if (child === null) return finish(true);
      const read = readPastedCode(pasted, child.link);
      if (read.kind === "wrong") throw new PilotlightError("code_rejected", read.why);
      isOpen = false;
      await writeFile(markIn(stage), "", { mode: 0o600 });
      await child.give(read.code);
      return finish(false);
    },
    resume: () => finish(true),
    async close() {
      if (isOpen) child?.cancel();
      release();
    },
  };
}

/** Says that a code was passed on in this stage: from then on the server may have issued a login. */
function markIn(stage: Stage): string {
  return join(stage.directory, "code-given");
}

/** ms that Claude Code needs at most, once it has the code. */
const EXCHANGE = 90_000;

/**
 * A Claude Code whose Pilotlight was killed goes on in the stage. One that has its code is waited for: what it stores is the
 * new login. One that waits for a code would wait for ever.
 */
async function settleOrphans(stage: Stage): Promise<void> {
  const hasCode = existsSync(markIn(stage));
  const end = performance.now() + (hasCode ? EXCHANGE : 0);
  while (processesIn(stage.directory).length > 0 && performance.now() < end) await sleep(100);
  for (const pid of processesIn(stage.directory)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }
}

async function beginIn(stage: Stage, { config, login, signal }: SignInWish): Promise<SignInChild> {
  await stage.clear();
  const { argv } = await findClaude(config.claude, config.env);
  const env = await stageEnvironment(config, login, stage.directory);
  return startSignIn({ argv, cwd: stage.directory, env, signal });
}

async function stageEnvironment(
  config: Config,
  login: LoginConfig,
  directory: string,
): Promise<Record<string, string>> {
  const settings = await readSettings(stateOf(config, login).locations.settingsFile);
  return stagingEnvironment(directory, config.env, settings.env);
}

/** A login in the stage with both its tokens; `null` where there is none. */
async function completedIn(stage: Stage): Promise<Credential | null> {
  const entry = await stage.read();
  if (entry.state !== "present" || isBlanked(entry.credential)) return null;
  const { accessToken, refreshToken } = entry.credential;
  return accessToken === null || refreshToken === null ? null : entry.credential;
}

/** From a login in the stage to a login in the store. What fails in here can be taken up again. */
async function settle(wish: SignInWish, stage: Stage, next: Credential): Promise<void> {
  const { config, login, parts } = wish;
  const entry = await parts.store.read();
  const live = entry.state === "present" ? entry.credential : null;
  if (live !== null && isSamePair(pairOf(live), pairOf(next))) return stage.clear();
  if (next.expiresAt !== null && next.expiresAt <= parts.clock.now()) {
    throw new PilotlightError("clock_wrong", "by this machine's clock the new token has ended");
  }
  await refuseAnother(wish, stage);
  await prove(config, login, next);
  const installed = await installSignIn(parts, next, { mayShorten: wish.maySwitch });
  await stage.clear();
  if (installed === "superseded") {
    const detail = "somebody else has signed in meanwhile, and later; that login is kept";
    throw new PilotlightError("sign_in_failed", detail);
  }
}

/** A completed sign-in of the wrong account is not kept: the next try is to begin anew. */
async function refuseAnother(
  { config, login, maySwitch }: SignInWish,
  stage: Stage,
): Promise<void> {
  if (maySwitch) return;
  const { locations } = stateOf(config, login);
  const [present, next] = await Promise.all([
    signedInAccount(locations.stateFile),
    signedInAccount(join(stage.directory, ".claude.json")),
  ]);
  const differs = (one: string | null, other: string | null) =>
    one !== null && other !== null && one !== other;
  const what = differs(present.account, next.account)
    ? "account"
    : differs(present.organization, next.organization)
      ? "organization"
      : null;
  if (what === null) return;
  await stage.clear();
  const detail = `the ${what} differs from the one that ${locations.stateFile} names`;
  throw new PilotlightError("another_account", detail);
}

/** One hello of the jobs' Claude Code, with a copy that cannot rotate. What says nothing of the login is no reason against it. */
async function prove(config: Config, login: LoginConfig, next: Credential): Promise<void> {
  const { argv } = await findClaude(config.jobClaude, config.env);
  const directory = await privateDirectory(config.stateDir, `${login.name}-sign-in`);
  try {
    const settings = { env: {}, apiKeyHelper: null };
    const env = await stageEnvironment(config, login, directory);
    const said = await sayHello(
      { command: argv, credential: next, env, settings, model: null, cwd: directory },
      directory,
      durableFiles(),
    );
    const refusal = refusalIn(said);
    if (refusal?.code === "auth_rejected") {
      throw new PilotlightError(
        "sign_in_failed",
        `the new login was not accepted: ${refusal.said}`,
      );
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
