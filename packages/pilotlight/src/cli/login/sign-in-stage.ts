import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endProcessesIn } from "../../claude/process-group.ts";
import { processesIn } from "../../claude/locking/living-process.ts";
import { readSettings } from "../../claude/precedence/settings.ts";
import { type Stage, stageIn } from "../../claude/staging/stage.ts";
import { stagingEnvironment } from "../../claude/staging/staging-environment.ts";
import { type Credential, isBlanked } from "../../core/credential.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Config, LoginConfig } from "../config.ts";
import { stateOf } from "../state-of.ts";

/** The private directory in which a login is signed in to. No login's own: names hold no dot. */
export function signInStage(config: Config, login: LoginConfig): Stage {
  return stageIn(join(config.stateDir, "staging", `${login.name}.sign-in`), durableFiles());
}

/** The same for a setup-token, which is no login of Claude Code's. */
export function setupTokenStage(config: Config, login: LoginConfig): Stage {
  const name = `${login.name}.setup-token.sign-in`;
  return stageIn(join(config.stateDir, "staging", name), durableFiles());
}

/** Says that a code was passed on in this stage: from then on the server may have issued a login. */
export function markIn(stage: Stage): string {
  return join(stage.directory, "code-given");
}

/** ms that Claude Code needs at most, once it has the code. */
const EXCHANGE = 90_000;

/**
 * A Claude Code whose Pilotlight was killed goes on in the stage. One that has its code is waited for: what it stores is the
 * new login. One that waits for a code would wait for ever.
 */
export async function settleOrphans(stage: Stage): Promise<void> {
  const hasCode = existsSync(markIn(stage));
  const end = performance.now() + (hasCode ? EXCHANGE : 0);
  while (processesIn(stage.directory).length > 0 && performance.now() < end) await sleep(100);
  endProcessesIn(stage.directory);
}

/** A login in the stage with both its tokens; `null` where there is none. */
export async function completedIn(stage: Stage): Promise<Credential | null> {
  const entry = await stage.read();
  if (entry.state !== "present" || isBlanked(entry.credential)) return null;
  const { accessToken, refreshToken } = entry.credential;
  return accessToken === null || refreshToken === null ? null : entry.credential;
}

/** The environment of a Claude Code in such a directory: no credential, but the way to the network. */
export async function stageEnvironment(
  config: Config,
  login: LoginConfig,
  directory: string,
): Promise<Record<string, string>> {
  const settings = await readSettings(stateOf(config, login).locations.settingsFile);
  return stagingEnvironment(directory, config.env, settings.env);
}
