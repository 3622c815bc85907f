import { SETUP_TOKEN, tokenIn } from "../../claude/token-credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { readEnvFile } from "../../stores/read-env-file.ts";
import type { TokenPlace } from "../../stores/token-place.ts";
import { chronicle } from "../chronicle.ts";
import type { Config, LoginConfig } from "../config.ts";
import type { SignIn } from "./dialogue.ts";
import type { PlaceKind } from "./hand-on.ts";
import { type Minted, mintToken } from "./mint-token.ts";
import { notedSignIn } from "./noted-sign-in.ts";

/** Begins the minting of a token that the history tells of. @throws PilotlightError as `mintToken`; `credential_shadowed` */
export async function openMint(
  config: Config,
  login: LoginConfig,
  {
    kind,
    place,
    signal,
  }: { readonly kind: PlaceKind; readonly place: TokenPlace; readonly signal: AbortSignal },
): Promise<SignIn<Minted>> {
  if (kind === "env-file") await refuseOutranked(place.path);
  const noted = chronicle(config.stateDir, login.name);
  const isOwn = place.path === login.envFile;
  const begun = await mintToken({ config, login, place, isOwn, tell: noted.tell, signal });
  return notedSignIn(begun, noted, ({ token }) => ({
    code: "token_minted",
    to: token.fingerprint,
  }));
}

/** A token that no job would use is not worth a person's way. */
async function refuseOutranked(path: string): Promise<void> {
  const file = await readEnvFile(path);
  const held = file.kind === "variables" ? tokenIn(file.variables) : null;
  if (held === null || held.source === SETUP_TOKEN) return;
  const why = `${held.source} in the same file would be used instead; take it out first`;
  throw new PilotlightError("credential_shadowed", `${path}: ${why}`);
}
