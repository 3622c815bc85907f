import { rm } from "node:fs/promises";
import type { ClaudeArguments } from "../../claude/claude-arguments.ts";
import type { Choice } from "../../claude/choose-credential.ts";
import { findClaude } from "../../claude/find-claude.ts";
import { sayHello } from "../../claude/hello.ts";
import type { Settings } from "../../claude/settings.ts";
import { type ErrorCode, PilotlightError, TRAITS } from "../../core/errors.ts";
import type { RunVerdict } from "../../core/recognise.ts";
import type { KeeperParts } from "../../keeper/parts.ts";
import { prove } from "../../keeper/witness.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Config, LoginConfig } from "../config.ts";
import { privateDirectory } from "./private-directory.ts";

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
  readonly mend: () => Promise<boolean>;
}

/**
 * Says hello through the credential that the job will use, and once more where a refresh has helped.
 * @returns what could be found out neither way, `null` where it is proved.
 * @throws PilotlightError the verdict's code where the job could only fail.
 */
export async function proveAccess(proving: Proving): Promise<string | null> {
  let verdict = await hello(proving);
  const isRejected = verdict.kind === "failed" && verdict.row.retry === "refresh_and_repeat";
  if (isRejected && (await proving.mend())) verdict = await hello(proving);
  if (verdict.kind === "ok") return null;
  // The server let the request in, and refused something else of it.
  if (verdict.code === "job_failed") return null;
  const request = verdict.requestId === null ? "" : ` (request_id ${verdict.requestId})`;
  const said = `hello was refused: ${verdict.text.replace(/\s+/g, " ").slice(0, 300)}${request}`;
  if (!(verdict.code in TRAITS)) return said;
  throw new PilotlightError(verdict.code as ErrorCode, said);
}

async function hello(proving: Proving): Promise<RunVerdict> {
  const { config, login, args, choice, settings, parts } = proving;
  const command = args?.command ?? (await findClaude(config.claude, config.env)).argv;
  const entry = await parts?.store.read();
  const credential = entry?.state === "present" ? entry.credential : null;
  const directory = await privateDirectory(config.stateDir, `${login.name}-hello-${process.pid}`);
  try {
    const greeting = { command, credential, env: choice.env, settings, model: args?.model ?? null };
    const verdict = await sayHello(greeting, directory, durableFiles());
    const access = credential?.accessToken?.fingerprint;
    const isAccepted = verdict.kind === "ok" || verdict.code === "job_failed";
    // A proof that cannot be noted is still one.
    if (isAccepted && parts !== null && access !== undefined) {
      await prove(parts, access, "hello").catch(() => false);
    }
    return verdict;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
