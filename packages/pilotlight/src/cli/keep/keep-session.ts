import { join } from "node:path";
import { hostname } from "node:os";
import type { Billing } from "../../core/explanation.ts";
import type { ChannelHealth } from "../../core/alerts/channel-health.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { HISTORY_BOUNDS } from "../../core/history-bounds.ts";
import { loginStatus, type LoginView } from "../../core/login-status.ts";
import type { CredentialStore, KeeperEvent } from "../../core/ports.ts";
import type { Effective, StatusReport } from "../../core/status-report.ts";
import type { KeepMetrics } from "../../http/keep-metrics.ts";
import { type Keeper, keep } from "../../keeper/keep.ts";
import type { Chore, KeptParts } from "../../keeper/keep-parts.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { fileAlertRecords } from "../../stores/file-alert-records.ts";
import { readHistory } from "../../stores/history.ts";
import { removeOldTokens } from "../../stores/state/retention.ts";
import { chronicle } from "../chronicle.ts";
import type { Config, LoginConfig } from "../config.ts";
import { type AlertDesk, alertDesk, DESK_EVERY } from "../notify/alert-desk.ts";
import { type KeepPing, keepPing } from "../notify/keep-ping.ts";
import type { Outlets } from "../notify/open-notify.ts";
import { isUnconfigured, statusIn, viewOf } from "../status-report.ts";
import { stateOf } from "../state-of.ts";
import { systemClock } from "../system-clock.ts";
import { wire } from "../wire.ts";
import { type FileWatch, fileWatch } from "./file-watch.ts";
import { hookCallOf, hooksOf } from "./run-hooks.ts";
import type { Log } from "./keep-log.ts";
import { newTroubles } from "./new-troubles.ts";
import { payerWatch } from "./payer-watch.ts";
import { renewLinks } from "./renew-links.ts";
import { rehearseApart } from "./rehearse-apart.ts";
import { stateLease } from "./state-lease.ts";
import { tellKeeping } from "./tell-keeping.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** ms without a look after which trouble may be over already: a suspend, a restart. */
const BLIND_AFTER = 10 * MINUTE;

/** What a session tells, and is told by. */
export interface KeepSurroundings {
  readonly log: Log;
  readonly metrics: KeepMetrics;
  readonly onChange: () => void;
  /** A round now and then by a timer: that nobody looked in between is no reason to doubt. */
  readonly isRound?: true;
}

/** The keeping of one configuration; a reload begins another one. */
export interface KeepSession {
  readonly config: Config;
  readonly keeper: Keeper;
  status(): StatusReport;
  /** `null` before the first look. */
  billing(): Billing | null;
  channels(): readonly ChannelHealth[];
  /** Has told what is to be told by now, or tried to; for `ms` at most. */
  told(ms: number): Promise<void>;
  /** Ends it; resolves when no grant is in flight and everything is written down. */
  stop(): Promise<void>;
}

export function keepSession(
  config: Config,
  around: KeepSurroundings,
  outlets: Outlets,
): KeepSession {
  const { log, metrics, onChange } = around;
  const hooks = hooksOf(config, ({ event, login }, why) =>
    log({ level: "warn", login, message: `the command for on_${event} failed: ${why}` }),
  );
  const files = fileWatch();
  const chronicles = config.logins.map(({ name }) => chronicle(config.stateDir, name));
  const changed = (): void => {
    onChange();
    desk.hint();
    ping?.hint();
  };
  const payer = payerWatch(config, { ...around, onChange: changed });
  const fresh = newTroubles((event) => {
    say(event);
    const call = hookCallOf(event);
    if (call !== null) hooks.call(call);
  });
  const say = tellKeeping(log, config.logins);
  const rehearse = rehearseApart(config.env);
  const logins = config.logins.map((login, index): KeptParts => {
    const noted = chronicles[index];
    const heard = (event: KeeperEvent) => {
      noted?.tell(event);
      if (event.kind === "outcome" || event.kind === "failed") void noted?.write();
    };
    const parts = wire(config, login, heard, rehearse);
    const waited = (ms: number) => metrics.lockWaited(ms);
    return { ...parts, store: timed(parts.store, waited), ...placesOf(config, login, files) };
  });
  // A keeper runs its chores before it is there.
  const begun = Promise.resolve();
  const keeper = keep(logins, {
    clock: systemClock,
    random: Math.random,
    tell: (event) => {
      if (event.kind === "attempted") {
        const { login, driver, code, ms } = event;
        metrics.refreshAttempted({ login, driver, code, duration: ms });
      }
      fresh(event);
    },
    onChange: changed,
    chores: [
      payer,
      runCounter(config, metrics),
      { every: MINUTE, run: async () => files.renew() },
      { every: DAY / 4, run: () => removeOldTokens(config.stateDir, Date.now()) },
      { every: DESK_EVERY, run: () => begun.then(() => desk.look()) },
      ...(outlets.ping === null
        ? []
        : [{ every: config.keep.pingEvery, run: () => begun.then(() => ping?.run()) }]),
    ],
  });
  const seen = { logins: () => keeper.logins(), billing: () => payer.effective()?.billing ?? null };
  const desk = deskOf(config, around, outlets, seen);
  const ping = pingOf(around, outlets, keeper);
  return {
    config,
    keeper,
    status: () => statusReportOf(keeper, payer.effective()),
    billing: () => payer.effective()?.billing ?? null,
    channels: () => desk.health(),
    async told(ms) {
      if (outlets.channels.length === 0) return;
      await payer.run().catch(() => undefined);
      await desk.look();
      await desk.tried(ms);
    },
    async stop() {
      await keeper.stop();
      await desk.stop();
      files.close();
      await Promise.all([...chronicles.map((noted) => noted.write()), hooks.settled()]);
    },
  };
}

function deskOf(
  config: Config,
  { log, metrics, isRound }: KeepSurroundings,
  { channels }: Outlets,
  seen: Pick<Parameters<typeof alertDesk>[0], "logins" | "billing">,
): AlertDesk {
  const { quiet, grace, escalateAfter } = config.notify;
  // A round serves no page.
  const isServed = isRound !== true && config.notify.renewUrl === null;
  const links = isServed ? renewLinks(config) : null;
  const renewUrl = config.notify.renewUrl ?? links?.page ?? null;
  const blindAfter = isRound === true ? Infinity : BLIND_AFTER;
  return alertDesk({
    ...seen,
    channels,
    policy: { host: hostname(), renewUrl, quiet, grace, escalateAfter, blindAfter },
    renewLink: links && (({ name, view }) => links.linkTo(name, view)),
    records: fileAlertRecords(config.stateDir, durableFiles()),
    clock: systemClock,
    random: Math.random,
    log,
    count: (channel, { kind }, outcome) => metrics.alertTold({ channel, kind, outcome }),
  });
}

function pingOf({ log }: KeepSurroundings, { ping }: Outlets, keeper: Keeper): KeepPing | null {
  if (ping === null) return null;
  return keepPing(ping, {
    isTicking: () => keeper.isTicking(),
    logins: () => keeper.logins(),
    now: () => Date.now(),
    log,
  });
}

/** Where a login is looked at, and what tells of changes: its file, and the word of jobs on it. */
function placesOf(
  config: Config,
  login: LoginConfig,
  files: FileWatch,
): Pick<KeptParts, "name" | "look" | "lease" | "watch"> {
  const { name } = login;
  const paths = [
    stateOf(config, login).locations.credentialsFile,
    join(config.stateDir, "logins", `${name}.json`),
  ];
  return {
    name,
    lease: stateLease(config.stateDir, name, systemClock),
    look: () => lookAt(config, login),
    watch(changed) {
      const ends = paths.map((path) => files.on(path, changed));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** Where no login is configured and none is stored, a key or setup-token of the environment stands in for it. */
async function lookAt(config: Config, login: LoginConfig): Promise<LoginView> {
  const view = await viewOf(config, login);
  if (view.entry.state !== "absent" || !isUnconfigured(config.logins)) return view;
  const { views } = await statusIn(config, [login], Date.now());
  return views[0] ?? view;
}

function statusReportOf(keeper: Keeper, effective: Effective | null): StatusReport {
  const now = Date.now();
  const views = keeper.logins().flatMap(({ view }) => view ?? []);
  return {
    schema: "pilotlight.status/v1",
    generatedAt: new Date(now).toISOString(),
    effective: effective ?? { source: "none", billing: "none", shadowed: [] },
    logins: views.map((view) => loginStatus(view, now)),
  };
}

/** Counts the jobs that others ran, from the history. */
function runCounter({ stateDir }: Config, metrics: KeepMetrics): Chore {
  let since = Date.now();
  return {
    every: MINUTE,
    async run() {
      const entries = await readHistory(stateDir, { since, limit: HISTORY_BOUNDS.mostRows });
      for (const { at, kind, code } of entries) {
        since = Math.max(since, at + 1);
        // What a run ends with is `ok` or an error code; see chronicle.
        if (kind === "run") metrics.childRan(code as "ok" | ErrorCode);
      }
    },
  };
}

/** The same store; tells how long (ms) its locks were waited for. */
function timed(store: CredentialStore, waited: (ms: number) => void): CredentialStore {
  return {
    ...store,
    async withLock(task, patience) {
      const began = systemClock.monotonic();
      const over = () => waited(systemClock.monotonic() - began);
      const held = await store.withLock((lock) => {
        over();
        return task(lock);
      }, patience);
      if ("busy" in held) over();
      return held;
    },
  };
}
