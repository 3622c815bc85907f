import { chronicle } from "../chronicle.ts";
import type { Config, LoginConfig } from "../config.ts";
import { wire } from "../wire.ts";
import type { SignInWish } from "./settle-sign-in.ts";
import { type SignedIn, type SignIn, signIn } from "./sign-in.ts";

/** Begins a sign-in that the history tells of. @throws PilotlightError as `signIn` */
export async function openSignIn(
  config: Config,
  login: LoginConfig,
  wish: Pick<SignInWish, "maySwitch" | "signal" | "isTakenOver">,
): Promise<SignIn> {
  const noted = chronicle(config.stateDir, login.name);
  const begun = await signIn({ config, login, parts: wire(config, login, noted.tell), ...wish });
  const written = async (work: Promise<SignedIn>): Promise<SignedIn> => {
    try {
      const done = await work;
      const to = done.credential.accessToken?.fingerprint ?? null;
      noted.note({ kind: "login", code: "signed_in", to });
      return done;
    } finally {
      await noted.write();
    }
  };
  return {
    ...begun,
    give: (pasted) => written(begun.give(pasted)),
    resume: () => written(begun.resume()),
  };
}
