import { memoryFileIn } from "../claude/build/build-memory.ts";
import { join } from "node:path";
import { type Rehearse, rehearsedClaude } from "../claude/build/claude-build.ts";
import { credentialOf } from "../claude/credentials-file.ts";
import { findClaude } from "../claude/build/find-claude.ts";
import { isLivingProcess, startOfProcess } from "../claude/locking/living-process.ts";
import type { Locations } from "../claude/locations.ts";
import { readSettings } from "../claude/precedence/settings.ts";
import { stageIn } from "../claude/staging/stage.ts";
import { stagingEnvironment } from "../claude/staging/staging-environment.ts";
import { stagingGrant } from "../claude/staging/staging-grant.ts";
import type { Driver, RefreshGrant, Tell } from "../core/ports.ts";
import type { KeeperParts } from "../keeper/parts.ts";
import { GRANT_PATIENCE } from "../core/schedule.ts";
import { tokenEndpointGrant } from "../oauth/token-endpoint-grant.ts";
import { durableFiles } from "../stores/durable-files.ts";
import type { Config, LoginConfig } from "./config.ts";
import { proxiedFetch } from "./proxied-fetch.ts";
import { stateOf } from "./state-of.ts";
import { systemClock } from "./system-clock.ts";
import { VERSION } from "./version.ts";

/** Puts a login's keeper together: files, locks and drivers as configured. */
export function wire(
  config: Config,
  login: LoginConfig,
  tell: Tell,
  rehearse: Rehearse = rehearseHere(config),
): KeeperParts {
  const { locations, store, journal, records, jitter } = stateOf(config, login);
  return {
    store,
    journal,
    records,
    grants: grantsOf(config, login, locations, rehearse),
    driver: config.driver,
    clock: systemClock,
    jitter,
    tell,
  };
}

function rehearseHere({ env }: Config): Rehearse {
  return async (candidate) => {
    // The sandbox is heavy, and a build is rehearsed once.
    const { rehearsal } = await import("../sandbox/rehearsal.ts");
    return rehearsal({ env, files: durableFiles(), clock: systemClock })(candidate);
  };
}

function grantsOf(
  config: Config,
  login: LoginConfig,
  locations: Locations,
  rehearse: Rehearse,
): Readonly<Record<Driver, RefreshGrant>> {
  const files = durableFiles();
  const stage = stageIn(join(config.stateDir, "staging", login.name), files);
  const stageEnv = async () => {
    const settings = await readSettings(locations.settingsFile);
    return stagingEnvironment(stage.directory, config.env, settings.env);
  };
  return {
    cli: stagingGrant({
      stage,
      clock: systemClock,
      patience: GRANT_PATIENCE,
      env: stageEnv,
      claude: async () => {
        const command = await findClaude(config.claude, config.env);
        return rehearsedClaude(command, {
          memoryFile: memoryFileIn(config.stateDir),
          files,
          env: await stageEnv(),
          now: systemClock.now(),
          rehearse,
        });
      },
    }),
    endpoint: tokenEndpointGrant({
      tokenUrl: config.tokenUrl,
      clientId: config.clientId,
      userAgent: `pilotlight/${VERSION}`,
      spillFile: join(config.stateDir, "journal", `${login.name}.spill.json`),
      parseFields: credentialOf,
      fetch: proxiedFetch(config.env, { isPatient: true }),
      files,
      clock: systemClock,
      patience: GRANT_PATIENCE,
      self: { pid: process.pid, startedAt: startOfProcess(process.pid) ?? "" },
      isAlive: ({ pid, startedAt }) => isLivingProcess(pid, startedAt || null),
    }),
  };
}
