import type { ClaudeArguments } from "../../claude/command-line/claude-arguments.ts";
import type { Choice } from "../../claude/precedence/choose-credential.ts";
import { findClaude } from "../../claude/build/find-claude.ts";
import type { Settings } from "../../claude/precedence/settings.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import type { Config, LoginConfig } from "../config.ts";
import type { Mended } from "./mender.ts";
import { proveByHello, type Refusal } from "../proof/prove-by-hello.ts";

/** What is to be proved, and for which job. */
export interface Proving {
  readonly config: Config;
  readonly login: LoginConfig;
  readonly args: ClaudeArguments | null;
  readonly choice: Choice;
  readonly settings: Settings;
  /** Those of the stored login, where that is what the job uses. */
  readonly parts: KeeperParts | null;
  /** Renews a stored login whose access token was rejected. */
  readonly mend: () => Promise<Mended>;
}

/**
 * Says hello through the credential that the job will use, and once more where a refresh has helped.
 * @returns what could be found out neither way, `null` where it is proved.
 * @throws PilotlightError the verdict's code where the job could only fail.
 */
export async function proveAccess(proving: Proving): Promise<string | null> {
  let refusal = await hello(proving);
  const isRejected = refusal?.row.retry === "refresh_and_repeat";
  if (isRejected && (await proving.mend()).isRenewed) refusal = await hello(proving);
  if (refusal === null) return null;
  if (refusal.code === "unknown_failure") return refusal.said;
  throw new PilotlightError(refusal.code, refusal.said);
}

async function hello(proving: Proving): Promise<Refusal | null> {
  const { config, login, args, choice, settings, parts } = proving;
  const command = args?.command ?? (await findClaude(config.jobClaude, config.env)).argv;
  const model = args?.model ?? null;
  const question = { config, login, command, model, env: choice.env, settings, parts };
  return (await proveByHello(question)).refusal;
}
