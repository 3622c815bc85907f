import { findClaude } from "../../claude/build/find-claude.ts";
import { endProcessesIn } from "../../claude/process-group.ts";
import { startSetupToken } from "../../claude/signing-in/setup-token-child.ts";
import { projectionIn } from "../../claude/staging/projection.ts";
import type { Stage } from "../../claude/staging/stage.ts";
import {
  environmentWith,
  SETUP_TOKEN_LIFE,
  tokenCredential,
} from "../../claude/token-credential.ts";
import type { Token } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { Tell } from "../../core/ports.ts";
import type { Verdict } from "../../core/verdict.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { fileMints } from "../../stores/file-mints.ts";
import type { TokenPlace } from "../../stores/token-place.ts";
import type { Config, LoginConfig } from "../config.ts";
import { stateOf } from "../state-of.ts";
import { systemClock } from "../system-clock.ts";
import type { SignIn } from "./dialogue.ts";
import { refusalOf } from "./refusal-of.ts";
import { setupTokenStage, stageEnvironment } from "./sign-in-stage.ts";
import { type Begun, stagedSignIn } from "./staged-sign-in.ts";

/** A setup-token to be minted, and where it goes. */
export interface MintWish {
  readonly config: Config;
  readonly login: LoginConfig;
  readonly place: TokenPlace;
  /** The place is the login's own, so that its proof is the login's, too. */
  readonly isOwn: boolean;
  readonly tell: Tell;
  /** Ends what waits for a person; a code that was given is waited for. */
  readonly signal: AbortSignal;
}

/** A setup-token that is proved and stored. */
export interface Minted {
  readonly token: Token;
  /** Epoch ms. */
  readonly endsAt: number;
  /** It had been minted before, and only had to be proved and stored. */
  readonly isResumed: boolean;
  /** The mode by which others could read its file until now; `null` where none could. */
  readonly closedMode: number | null;
}

/** A token in the stage, and its end (epoch ms). */
type Issued = Pick<Minted, "token" | "endsAt">;

/**
 * Begins `claude setup-token` in a private stage. The token in the place stays until the new one is proved.
 * @throws PilotlightError `lock_busy` while somebody else signs in to this login; `cannot_persist`, `env_file_corrupt`,
 *   `cli_not_found`, `unsupported`, `sign_in_failed`
 */
export function mintToken(wish: MintWish): Promise<SignIn<Minted>> {
  const { config, login, place } = wish;
  const stage = setupTokenStage(config, login);
  return stagedSignIn(wish, async () => {
    // Nobody is sent to a browser for a token that could not be stored.
    await Promise.all([stage.prove(), place.prove()]);
    // What it would show, nobody sees any more.
    endProcessesIn(stage.directory);
    const isAsked = (await issuedIn(stage)) === null;
    return {
      child: isAsked ? await beginIn(stage, wish) : null,
      finish: (isResumed) => finish(wish, stage, isResumed),
    };
  });
}

async function finish(wish: MintWish, stage: Stage, isResumed: boolean): Promise<Minted> {
  const issued = await issuedIn(stage);
  if (issued === null) {
    throw new PilotlightError("sign_in_failed", "the token is not where it was put");
  }
  return { ...issued, isResumed, closedMode: await settle(wish, stage, issued) };
}

/** A living token in the stage: it was minted, and is not stored yet. */
async function issuedIn(stage: Stage): Promise<Issued | null> {
  const entry = await stage.read();
  if (entry.state !== "present") return null;
  const { accessToken: token, expiresAt: endsAt } = entry.credential;
  const isLiving = token !== null && endsAt !== null && endsAt > systemClock.now();
  return isLiving ? { token, endsAt } : null;
}

async function beginIn(
  stage: Stage,
  { config, login, signal }: MintWish,
): Promise<Begun<Minted>["child"]> {
  await stage.clear();
  const { argv } = await findClaude(config.claude, config.env);
  const env = await stageEnvironment(config, login, stage.directory);
  const child = await startSetupToken({ argv, cwd: stage.directory, env, signal });
  return {
    ...child,
    async send(code) {
      // The year begins later than now, so its end is never told too late.
      const endsAt = systemClock.now() + SETUP_TOKEN_LIFE;
      const copy = projectionIn(stage.directory, durableFiles());
      await child.give(code, (token) => copy.show(tokenCredential(token, endsAt)));
    },
  };
}

/** From a token in the stage to a token in its place. What fails in here can be taken up again. */
async function settle(
  { config, login, place, isOwn, tell }: MintWish,
  stage: Stage,
  { token, endsAt }: Issued,
): Promise<number | null> {
  const variables = environmentWith(token);
  const refusal = await refusalOf(config, login, { credential: null, variables });
  if (refusal !== null) {
    // Nobody can use it, so nobody is to find it again.
    await stage.clear();
    throw new PilotlightError("sign_in_failed", `the new token was not accepted: ${refusal}`);
  }
  const { fingerprint } = token;
  // Before anybody sees the token: a daemon is to know its end at once.
  const mints = fileMints(config.stateDir, durableFiles());
  await mints.note({ fingerprint, mintedAt: endsAt - SETUP_TOKEN_LIFE, endsAt });
  const closedMode = await place.put(token);
  if (isOwn) {
    const { records } = stateOf(config, login);
    const at = systemClock.now();
    const verdict: Verdict = { kind: "proved", access: fingerprint, at, by: "sign-in" };
    await records.write({ ...(await records.read()), verdict });
    tell({ kind: "verdict", verdict });
  }
  await stage.clear();
  return closedMode;
}
