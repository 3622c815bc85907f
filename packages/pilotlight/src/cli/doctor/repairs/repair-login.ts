import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { claudeLocks } from "../../../claude/locking/locks.ts";
import { PilotlightError } from "../../../core/errors.ts";
import { chronicle } from "../../chronicle.ts";
import type { Config, LoginConfig } from "../../config.ts";
import { stateOf } from "../../state-of.ts";
import { systemClock } from "../../system-clock.ts";
import { wire } from "../../wire.ts";
import type { Repair } from "../finding.ts";
import { finishRefresh } from "../../../keeper/finish-refresh.ts";

/** What came of one repair. */
export interface RepairReport {
  readonly login: string;
  readonly repair: Repair;
  readonly done: boolean;
  readonly detail: string;
}

/** An orphan must stay quiet for 10 s, one from the future for 60 s, before it is taken over. */
const LOCK_PATIENCE = 75_000;

/** What each repair does, for whoever is asked first. */
export const REPAIRS: Readonly<Record<Repair, string>> = {
  "file-mode": "set the mode of the credential file to 0600",
  "orphan-locks": "take over abandoned locks as Claude Code would, and release them",
  "finish-refresh":
    "store what an unfinished refresh brought, or put back the last unused generation; no token is spent",
};

/** Carries out one repair. Never throws for what it cannot mend: it says so. */
export async function repairLogin(
  config: Config,
  login: LoginConfig,
  repair: Repair,
): Promise<RepairReport> {
  const report = (done: boolean, detail: string) => ({ login: login.name, repair, done, detail });
  try {
    switch (repair) {
      case "file-mode":
        return report(...(await closeFile(stateOf(config, login).locations.credentialsFile)));
      case "orphan-locks": {
        const busy = await takeLocks(stateOf(config, login).locations.lockDir);
        return busy === null ? report(true, "the locks are free") : report(false, busy);
      }
      case "finish-refresh": {
        const noted = chronicle(config.stateDir, login.name);
        const { done, detail } = await finishRefresh(wire(config, login, noted.tell));
        await noted.write();
        return report(done, detail);
      }
    }
  } catch (error) {
    if (error instanceof PilotlightError) return report(false, `${error.code}: ${error.message}`);
    if (error instanceof Error && "code" in error) return report(false, error.message);
    throw error;
  }
}

/** A symlink's target is meant, as everywhere; what belongs to somebody else is left alone, by root too. */
async function closeFile(path: string): Promise<readonly [done: boolean, detail: string]> {
  const target = await realpath(path);
  const file = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const before = await file.stat();
    if (!before.isFile()) throw new PilotlightError("credential_not_a_file", target);
    const uid = process.geteuid?.() ?? before.uid;
    if (before.uid !== uid) {
      return [false, `${target} belongs to uid ${before.uid}, and this is uid ${uid}`];
    }
    await file.chmod(0o600);
    return [true, `${target}: mode ${(before.mode & 0o777).toString(8).padStart(4, "0")} → 0600`];
  } finally {
    await file.close();
  }
}

/** Whoever takes a lock judges orphans by the one rule there is. @returns what is held by somebody who lives */
async function takeLocks(directory: string): Promise<string | null> {
  const locks = claudeLocks({ directory, clock: systemClock, waitMs: LOCK_PATIENCE });
  const nothing = () => Promise.resolve();
  const [refresh, write] = await Promise.all([
    locks.withRefreshLocks(nothing),
    locks.withWriteLock(nothing),
  ]);
  if ("busy" in refresh) return refresh.busy;
  return "busy" in write ? write.busy : null;
}
