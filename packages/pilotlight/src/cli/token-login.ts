import { SETUP_TOKEN, tokenCredential, tokenIn } from "../claude/token-credential.ts";
import type { Credential } from "../core/credential.ts";
import { durableFiles } from "../stores/durable-files.ts";
import { fileMints } from "../stores/file-mints.ts";
import type { Config } from "./config.ts";

/**
 * The credential among these variables, with the end that was noted when it was minted here.
 * @returns `null` where there is none. @throws PilotlightError `state_newer`, `state_unreadable`
 */
export async function tokenLogin(
  { stateDir }: Pick<Config, "stateDir">,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Credential | null> {
  const found = tokenIn(variables);
  if (found === null) return null;
  const { source, token } = found;
  const mints = fileMints(stateDir, durableFiles());
  const mint = source === SETUP_TOKEN ? await mints.find(token.fingerprint) : null;
  return tokenCredential(token, mint?.endsAt ?? null);
}
