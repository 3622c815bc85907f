import { SETUP_TOKEN } from "../../claude/token-credential.ts";
import type { OpenSignIn } from "../../http/renew/renewal.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { envFilePlace } from "../../stores/token-place.ts";
import type { Config, LoginConfig } from "../config.ts";
import type { SignIn } from "./dialogue.ts";
import { openMint } from "./open-mint.ts";
import { openSignIn } from "./open-sign-in.ts";

/** Begins what renews a login: a sign-in, or the minting of another token where it is the token in an env file. */
export async function openRenewal(
  config: Config,
  login: LoginConfig,
  signal: AbortSignal,
): Promise<OpenSignIn> {
  if (login.envFile === null) {
    const begun = await openSignIn(config, login, { maySwitch: false, isTakenOver: false, signal });
    return withEnd(begun, ({ credential }) => credential.loginEndsAt);
  }
  const place = envFilePlace(login.envFile, SETUP_TOKEN, durableFiles());
  const begun = await openMint(config, login, { kind: "env-file", place, signal });
  return withEnd(begun, ({ endsAt }) => endsAt);
}

function withEnd<T>(begun: SignIn<T>, endOf: (done: T) => number | null): OpenSignIn {
  const renewed = async (work: Promise<T>) => ({ loginEndsAt: endOf(await work) });
  return {
    ...begun,
    give: (pasted) => renewed(begun.give(pasted)),
    resume: () => renewed(begun.resume()),
  };
}
