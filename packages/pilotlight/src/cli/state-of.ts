import { credentialsFile } from "../claude/credentials-file.ts";
import { locate, type Locations } from "../claude/locations.ts";
import { claudeLocks } from "../claude/locking/locks.ts";
import type { CredentialStore, Journal, LoginRecords } from "../core/ports.ts";
import { jitterOf } from "../core/schedule.ts";
import { durableFiles } from "../stores/durable-files.ts";
import { fileJournal } from "../stores/file-journal.ts";
import { fileLoginRecords } from "../stores/file-login-records.ts";
import { envFileStore } from "../stores/env-file-store.ts";
import { fileStore } from "../stores/file-store.ts";
import type { Config, LoginConfig } from "./config.ts";
import { tokenLogin } from "./token-login.ts";
import { systemClock } from "./system-clock.ts";

/** What is on disk of a login. */
export interface LoginState {
  readonly locations: Locations;
  readonly store: CredentialStore;
  readonly journal: Journal;
  readonly records: LoginRecords;
  /** In [-1, 1). */
  readonly jitter: number;
}

/** Finds a login's files. All that a read-only command needs: no driver, no process, no network. */
export function stateOf(config: Config, login: LoginConfig): LoginState {
  const locations = locate(login, config.env, config.home);
  const files = durableFiles();
  const { envFile } = login;
  const state = {
    directory: config.stateDir,
    login: login.name,
    format: credentialsFile,
    files,
    clock: systemClock,
  };
  const locks = claudeLocks({
    directory: locations.lockDir,
    clock: systemClock,
    waitMs: config.lockWait,
  });
  if (envFile !== null) {
    return {
      locations: { ...locations, credentialsFile: envFile },
      store: envFileStore(envFile, (variables) => tokenLogin(config, variables)),
      journal: fileJournal(state),
      records: fileLoginRecords(state),
      jitter: jitterOf(login.name),
    };
  }
  return {
    locations,
    store: fileStore({
      path: locations.credentialsFile,
      format: credentialsFile,
      locks,
      mode: login.write,
      files,
    }),
    journal: fileJournal(state),
    records: fileLoginRecords(state),
    jitter: jitterOf(login.name),
  };
}
