import { endAs } from "../../child/child-end.ts";
import { healthOf, worstHealth } from "../../core/health.ts";
import type { Config } from "../config.ts";
import type { Io } from "../io.ts";
import { errorReport } from "../print-error.ts";
import { PilotlightError } from "../../core/errors.ts";
import { keepLog, type Log } from "./keep-log.ts";
import { type KeepSession, keepSession, type KeepSurroundings } from "./keep-session.ts";
import { keepView, listeners } from "./keep-view.ts";
import type { Renewals } from "../../http/renew/renewals.ts";
import { openRenewals, readPassphrase, renewPage } from "./open-renewals.ts";
import { type Listener, listen, readToken } from "./listen.ts";
import { metricsOf } from "./session-metrics.ts";
import { openNotify } from "../notify/open-notify.ts";
import { type Systemd, systemd } from "./systemd.ts";

/** ms between two words to the service manager about how the logins are. */
const STATUS_EVERY = 60_000;

/**
 * Keeps the logins of a configuration until TERM or INT, and serves how they are. HUP looks at once and reads
 * the configuration anew.
 * @returns 0. @throws PilotlightError before the first look: `config_invalid`
 */
export async function runDaemon(
  config: Config,
  reread: () => Promise<Config>,
  io: Io,
): Promise<number> {
  const token = await readToken(config.keep);
  const passphrase = await readPassphrase(config.keep.passphraseFile);
  const outlets = await openNotify(config);
  const log = await keepLog(config.keep.log, io);
  const changes = listeners();
  const signals = signalQueue();
  let session: KeepSession;
  const metrics = metricsOf(() => session);
  const around: KeepSurroundings = { log, metrics, onChange: changes.call };
  session = keepSession(config, around, outlets);
  const renewals = openRenewals(() => session, log);
  const page = passphrase && renewPage(() => session, passphrase);
  const listener =
    config.keep.listen === null
      ? null
      : listen(
          keepView(() => session, metrics, changes),
          { keep: config.keep, token, renew: { renewals, page }, log },
        );
  try {
    await listener?.first;
    const manager = systemd(io.env);
    const stopTelling = tellManager(manager, () => session);
    for await (const signal of signals) {
      if (signal !== "SIGHUP") {
        sayEnd(session, signal, { log, manager });
        break;
      }
      manager.reloading();
      session = await reload(session, reread, around);
      manager.ready(summaryOf(session));
    }
    stopTelling();
  } finally {
    await end(session, listener, renewals);
  }
  return 0;
}

/** A configuration that cannot be read is said, and the present one is kept. */
async function reload(
  session: KeepSession,
  reread: () => Promise<Config>,
  around: KeepSurroundings,
): Promise<KeepSession> {
  const { log, onChange } = around;
  try {
    const config = await reread();
    if (sameBut(config, session.config)) {
      session.keeper.lookNow();
      log({ level: "info", message: "looking at every login" });
      return session;
    }
    const outlets = await openNotify(config);
    await session.stop();
    const next = keepSession(config, around, outlets);
    const logins = config.logins.map(({ name }) => name).join(", ");
    log({ level: "info", message: `the configuration was read anew; keeping ${logins}` });
    onChange();
    return next;
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    const { message, fix } = errorReport(error);
    log({ level: "error", code: error.code, message: `${message}. ${fix}. Going on as before.` });
    session.keeper.lookNow();
    return session;
  }
}

/** Whether nothing was changed that a session is made of. */
function sameBut(next: Config, present: Config): boolean {
  return JSON.stringify({ ...next, env: null }) === JSON.stringify({ ...present, env: null });
}

function sayEnd(
  session: KeepSession,
  signal: NodeJS.Signals,
  { log, manager }: { readonly log: Log; readonly manager: Systemd },
): void {
  const isBusy = session.keeper.logins().some(({ activity }) => activity === "refreshing");
  const wait = isBusy
    ? "; the refresh under way is waited for, 150 s at most; a second signal leaves it to the journal"
    : "";
  manager.stopping(isBusy ? "waiting for the refresh under way" : "ending");
  log({ level: "info", message: `${signal}: ending${wait}` });
}

async function end(
  session: KeepSession,
  listener: Listener | null,
  renewals: Renewals,
): Promise<void> {
  const second = (signal: NodeJS.Signals) => endAs({ kind: "signalled", signal });
  for (const name of ENDING) process.on(name, second);
  await renewals.stop();
  await session.stop();
  await listener?.close();
  for (const name of ENDING) process.off(name, second);
}

const ENDING = ["SIGTERM", "SIGINT"] as const;
const HEARD = [...ENDING, "SIGHUP"] as const;

/** The signals as they come; it ends with whoever stops reading. */
async function* signalQueue(): AsyncGenerator<NodeJS.Signals> {
  const come: NodeJS.Signals[] = [];
  let wake = () => {};
  const hear = (signal: NodeJS.Signals) => {
    come.push(signal);
    wake();
  };
  for (const name of HEARD) process.on(name, hear);
  try {
    for (;;) {
      const next = come.shift();
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    for (const name of HEARD) process.off(name, hear);
  }
}

/** @returns what ends it */
function tellManager(manager: Systemd, session: () => KeepSession): () => void {
  manager.ready(summaryOf(session()));
  // Nobody has looked yet when the loop begins.
  void session()
    .keeper.settled()
    .then(() => manager.status(summaryOf(session())));
  const status = setInterval(() => manager.status(summaryOf(session())), STATUS_EVERY);
  const every = manager.watchdogEvery;
  const alive =
    every === null
      ? undefined
      : setInterval(() => {
          // A loop that does not turn is not alive, however well this timer runs.
          if (session().keeper.isTicking()) manager.alive();
        }, every);
  return () => {
    clearInterval(status);
    clearInterval(alive);
  };
}

function summaryOf({ keeper }: KeepSession): string {
  const now = Date.now();
  const all = keeper.logins().map((kept) => healthOf(kept, now));
  const bad = all
    .filter(({ health }) => health !== "ok")
    .map(({ name, health }) => `${name} ${health}`);
  const worst = worstHealth(all.map(({ health }) => health));
  return worst === "ok"
    ? `${all.length} kept, all well`
    : `${all.length} kept: ${bad.slice(0, 5).join(", ")}`;
}
