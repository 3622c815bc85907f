import { mkdir, writeFile } from "node:fs/promises";
import { findClaude } from "../../claude/build/find-claude.ts";
import { startSignIn, takeOver } from "../../claude/signing-in/sign-in-child.ts";
import type { Stage } from "../../claude/staging/stage.ts";
import type { Credential } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { stateOf } from "../state-of.ts";
import { systemClock } from "../system-clock.ts";
import type { SignIn } from "./dialogue.ts";
import { settle, type SignInWish } from "./settle-sign-in.ts";
import {
  completedIn,
  markIn,
  settleOrphans,
  signInStage,
  stageEnvironment,
} from "./sign-in-stage.ts";
import { type Begun, stagedSignIn } from "./staged-sign-in.ts";

/** What a sign-in has come to. */
export interface SignedIn {
  readonly credential: Credential;
  /** It had been completed before, and only had to be proved and stored. */
  readonly isResumed: boolean;
}

/**
 * Begins a sign-in by the user's own Claude Code (`claude auth login`) in a private stage.
 * @throws PilotlightError `lock_busy` while somebody else signs in to this login; `cli_not_found`, `unsupported`, `sign_in_failed`, `cannot_persist`
 */
export function signIn(wish: SignInWish): Promise<SignIn<SignedIn>> {
  const { config, login } = wish;
  const stage = signInStage(config, login);
  return stagedSignIn(wish, async () => {
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
    const isAsked = found === null && !wish.isTakenOver;
    return {
      child: isAsked ? await beginIn(stage, wish) : null,
      finish: (isResumed) => finish(wish, stage, isResumed),
    };
  });
}

async function finish(wish: SignInWish, stage: Stage, isResumed: boolean): Promise<SignedIn> {
  const credential = await completedIn(stage);
  if (credential === null) {
    throw new PilotlightError("sign_in_failed", "Claude Code ended without storing a login");
  }
  await settle(wish, stage, credential);
  return { credential, isResumed };
}

/** One that was completed so long ago that nothing can prove it any more is begun anew. */
async function livingIn(stage: Stage): Promise<Credential | null> {
  const found = await completedIn(stage);
  const { expiresAt } = found ?? { expiresAt: 0 };
  return expiresAt === null || expiresAt > systemClock.now() ? found : null;
}

async function beginIn(
  stage: Stage,
  { config, login, signal }: SignInWish,
): Promise<Begun<SignedIn>["child"]> {
  await stage.clear();
  const { argv } = await findClaude(config.claude, config.env);
  const env = await stageEnvironment(config, login, stage.directory);
  const child = await startSignIn({ argv, cwd: stage.directory, env, signal });
  return {
    ...child,
    async send(code) {
      await writeFile(markIn(stage), "", { mode: 0o600 }).catch((error: unknown) => {
        // It never gets its code, so nothing but this ends it.
        child.cancel();
        throw new PilotlightError("cannot_persist", String(error));
      });
      await child.give(code);
    },
  };
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
