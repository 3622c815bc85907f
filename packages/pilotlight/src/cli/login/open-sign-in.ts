import { chronicle } from "../chronicle.ts";
import type { Config, LoginConfig } from "../config.ts";
import { wire } from "../wire.ts";
import type { SignIn } from "./dialogue.ts";
import { notedSignIn } from "./noted-sign-in.ts";
import type { SignInWish } from "./settle-sign-in.ts";
import { type SignedIn, signIn } from "./sign-in.ts";

/** Begins a sign-in that the history tells of. @throws PilotlightError as `signIn` */
export async function openSignIn(
  config: Config,
  login: LoginConfig,
  wish: Pick<SignInWish, "maySwitch" | "signal" | "isTakenOver">,
): Promise<SignIn<SignedIn>> {
  const noted = chronicle(config.stateDir, login.name);
  const begun = await signIn({ config, login, parts: wire(config, login, noted.tell), ...wish });
  return notedSignIn(begun, noted, ({ credential }) => ({
    code: "signed_in",
    to: credential.accessToken?.fingerprint ?? null,
  }));
}
