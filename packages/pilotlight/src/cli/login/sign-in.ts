import { mkdir, writeFile } from "node:fs/promises";
import { findClaude } from "../../claude/build/find-claude.ts";
import { type SignInChild, startSignIn, takeOver } from "../../claude/signing-in/sign-in-child.ts";
import type { Stage } from "../../claude/staging/stage.ts";
import type { Credential } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { readPastedCode } from "../../core/sign-in-code.ts";
import { stateLease } from "../keep/state-lease.ts";
import { stateOf } from "../state-of.ts";
import { systemClock } from "../system-clock.ts";
import { settle, type SignInWish } from "./settle-sign-in.ts";
import {
  completedIn,
  markIn,
  settleOrphans,
  signInStage,
  stageEnvironment,
} from "./sign-in-stage.ts";

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
  const stage = signInStage(config, login);
  try {
    // Nobody is sent to a browser for a login that could not be stored. The first one of a host finds no directory.
    await mkdir(stateOf(config, login).locations.lockDir, { recursive: true, mode: 0o700 }).catch(
      (error: unknown) => {
        throw new PilotlightError("cannot_persist", String(error));
      },
    );
    await Promise.all([stage.prove(), wish.parts.store.proveWritable()]);
    await settleOrphans(stage);
    const found = await livingIn(stage);
    if (found === null && wish.isTakenOver) await takeOverIn(stage, wish);
    const child = found === null && !wish.isTakenOver ? await beginIn(stage, wish) : null;
    return opened(wish, stage, child, () => lease.release());
  } catch (error) {
    lease.release();
    throw error;
  }
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
      // A Claude Code that never gets its code has to be ended: it counts as open until the code is sure to be passed on.
      await writeFile(markIn(stage), "", { mode: 0o600 }).catch((error: unknown) => {
        throw new PilotlightError("cannot_persist", String(error));
      });
      isOpen = false;
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

/** One that was completed so long ago that nothing can prove it any more is begun anew. */
async function livingIn(stage: Stage): Promise<Credential | null> {
  const found = await completedIn(stage);
  const { expiresAt } = found ?? { expiresAt: 0 };
  return expiresAt === null || expiresAt > systemClock.now() ? found : null;
}

async function beginIn(stage: Stage, { config, login, signal }: SignInWish): Promise<SignInChild> {
  await stage.clear();
  const { argv } = await findClaude(config.claude, config.env);
  const env = await stageEnvironment(config, login, stage.directory);
  return startSignIn({ argv, cwd: stage.directory, env, signal });
}

/** What Claude Code reads a login from that is to be taken over. */
const HANDED_OVER = ["CLAUDE_CODE_OAUTH_REFRESH_TOKEN", "CLAUDE_CODE_OAUTH_SCOPES"];

/** @throws PilotlightError `usage` without a refresh token in the environment */
async function takeOverIn(stage: Stage, { config, login }: SignInWish): Promise<void> {
  const handed = HANDED_OVER.flatMap((name) => {
    const value = config.env[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  if (!handed.some(([name]) => name === HANDED_OVER[0])) {
    throw new PilotlightError("usage", `--from-refresh-token reads ${HANDED_OVER.join(" and ")}`);
  }
  await stage.clear();
  const { argv } = await findClaude(config.claude, config.env);
  const env = await stageEnvironment(config, login, stage.directory);
  await writeFile(markIn(stage), "", { mode: 0o600 });
  await takeOver({ argv, cwd: stage.directory, env: { ...env, ...Object.fromEntries(handed) } });
}
