import { refuseNested } from "../../claude/staging/staging-environment.ts";
import { PilotlightError } from "../../core/errors.ts";
import { type Config, readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { readHistory } from "../../stores/history.ts";
import { refuseKeychain } from "../refuse-keychain.ts";
import { viewOf } from "../status-report.ts";
import { listenAddress, SETTINGS } from "../settings-table.ts";
import { runDaemon } from "../keep/daemon.ts";
import { keepOnce } from "../keep/keep-once.ts";

export interface KeepFlags {
  readonly listen?: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** `pilotlight keep`: renews every configured login before its token ends, and serves how they are. */
export async function keep(flags: KeepFlags, io: Io): Promise<number> {
  refuseNested(io.env);
  refuseKeychain();
  if (flags.json === true && flags.once !== true) {
    throw new PilotlightError("usage", "--json goes with --once; a daemon answers over HTTP");
  }
  const read = () => readFor(flags, io);
  const config = await read();
  await refuseNewerState(config);
  if (flags.once === true) return keepOnce(config, flags, io);
  return runDaemon(config, read, io);
}

async function readFor({ listen }: KeepFlags, io: Io): Promise<Config> {
  const config = await readConfig(io.env);
  if (listen === undefined) return config;
  const address = listenAddress(listen);
  if (address === undefined) {
    throw new PilotlightError("usage", `--listen ${listen} is no ${SETTINGS.listen.accepts}`);
  }
  return { ...config, keep: { ...config.keep, listen: address } };
}

/** @throws PilotlightError `state_newer`: a later Pilotlight was here, and knows what we would spoil */
async function refuseNewerState(config: Config): Promise<void> {
  const looks: readonly Promise<unknown>[] = [
    readHistory(config.stateDir, { since: Date.now(), limit: 1 }),
    ...config.logins.map((login) => viewOf(config, login)),
  ];
  for (const look of await Promise.allSettled(looks)) {
    const { reason } = look.status === "rejected" ? look : { reason: null };
    if (reason instanceof PilotlightError && reason.code === "state_newer") throw reason;
  }
}
