import { join } from "node:path";
import { signedInAccount } from "../../claude/signing-in/signed-in-account.ts";
import type { Stage } from "../../claude/staging/stage.ts";
import { type Credential, isSamePair, pairOf } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { installSignIn } from "../../keeper/install-sign-in.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import type { Config, LoginConfig } from "../config.ts";
import { stateOf } from "../state-of.ts";
import { refusalOf } from "./refusal-of.ts";

/** Whom to sign in, and what is allowed. */
export interface SignInWish {
  readonly config: Config;
  readonly login: LoginConfig;
  readonly parts: KeeperParts;
  /** The new login may be another account's. */
  readonly maySwitch: boolean;
  /** Ends what waits for a person; a code that was given is waited for. */
  readonly signal: AbortSignal;
  /** Take the login over from the refresh token in the environment, instead of asking a person. */
  readonly isTakenOver: boolean;
}

/** From a login in the stage to a login in the store. What fails in here can be taken up again. */
export async function settle(wish: SignInWish, stage: Stage, next: Credential): Promise<void> {
  const { config, login, parts } = wish;
  const entry = await parts.store.read();
  const live = entry.state === "present" ? entry.credential : null;
  if (live !== null && isSamePair(pairOf(live), pairOf(next))) return stage.clear();
  if (next.expiresAt !== null && next.expiresAt <= parts.clock.now()) {
    throw new PilotlightError("clock_wrong", "by this machine's clock the new token has ended");
  }
  await refuseAnother(wish, stage, { live, next });
  const refusal = await refusalOf(config, login, { credential: next });
  if (refusal !== null) {
    // Nobody can use it, so nobody is to find it again.
    await stage.clear();
    throw new PilotlightError("sign_in_failed", `the new login was not accepted: ${refusal}`);
  }
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
  { live, next }: { readonly live: Credential | null; readonly next: Credential },
): Promise<void> {
  if (maySwitch) return;
  const { locations } = stateOf(config, login);
  const [present, signedIn] = await Promise.all([
    signedInAccount(locations.stateFile, live),
    signedInAccount(join(stage.directory, ".claude.json"), next),
  ]);
  const differs = (one: string | null, other: string | null) =>
    one !== null && other !== null && one !== other;
  const what = differs(present.account, signedIn.account)
    ? "account"
    : differs(present.organization, signedIn.organization)
      ? "organization"
      : null;
  if (what === null) return;
  await stage.clear();
  const detail = `the ${what} differs from that of the present login`;
  throw new PilotlightError("another_account", detail);
}
