import { join } from "node:path";
import type { Billing } from "../../core/explanation.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { loginStatus, type LoginView } from "../../core/login-status.ts";
import type { CredentialStore } from "../../core/ports.ts";
import type { Effective, StatusReport } from "../../core/status-report.ts";
import type { KeepMetrics } from "../../http/keep-metrics.ts";
import { type Keeper, keep } from "../../keeper/keep.ts";
import type { Chore, KeptParts } from "../../keeper/keep-parts.ts";
import { readHistory } from "../../stores/history.ts";
import { removeOldTokens } from "../../stores/state/retention.ts";
import { chronicle } from "../chronicle.ts";
import type { Config, LoginConfig } from "../config.ts";
import { isUnconfigured, statusIn, viewOf } from "../status-report.ts";
import { stateOf } from "../state-of.ts";
import { systemClock } from "../system-clock.ts";
import { wire } from "../wire.ts";
import { type FileWatch, fileWatch } from "./file-watch.ts";
import { hookCallOf, hooksOf } from "./run-hooks.ts";
import type { Log } from "./keep-log.ts";
import { newTroubles } from "./new-troubles.ts";
import { stateLease } from "./state-lease.ts";
import { tellKeeping } from "./tell-keeping.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What a session tells, and is told by. */
export interface KeepSurroundings {
  readonly log: Log;
  readonly metrics: KeepMetrics;
  readonly onChange: () => void;
}

/** The keeping of one configuration; a reload begins another one. */
export interface KeepSession {
  readonly config: Config;
  readonly keeper: Keeper;
  status(): StatusReport;
  /** `null` before the first look. */
  billing(): Billing | null;
  /** Ends it; resolves when no grant is in flight and everything is written down. */
  stop(): Promise<void>;
}

export function keepSession(config: Config, around: KeepSurroundings): KeepSession {
  const { log, metrics, onChange } = around;
  const hooks = hooksOf(config, ({ event, login }, why) =>
    log({ level: "warn", login, message: `the command for on_${event} failed: ${why}` }),
  );
  const files = fileWatch();
  const chronicles = config.logins.map(({ name }) => chronicle(config.stateDir, name));
  const payer = payerWatch(config, around);
  const fresh = newTroubles((event) => {
    say(event);
    const call = hookCallOf(event);
    if (call !== null) hooks.call(call);
  });
  const say = tellKeeping(log, config.logins);
  const logins = config.logins.map((login, index): KeptParts => {
    const noted = chronicles[index];
    const parts = wire(config, login, (event) => {
      noted?.tell(event);
      if (event.kind === "outcome" || event.kind === "failed") void noted?.write();
    });
    const waited = (ms: number) => metrics.lockWaited(ms);
    return { ...parts, store: timed(parts.store, waited), ...placesOf(config, login, files) };
  });
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
    onChange,
    chores: [
      payer,
      runCounter(config, metrics),
      { every: MINUTE, run: async () => files.renew() },
      { every: DAY / 4, run: () => removeOldTokens(config.stateDir, Date.now()) },
    ],
  });
  return {
    config,
    keeper,
    status: () => statusReportOf(keeper, payer.effective()),
    billing: () => payer.effective()?.billing ?? null,
    async stop() {
      await keeper.stop();
      files.close();
      await Promise.all([...chronicles.map((noted) => noted.write()), hooks.settled()]);
    },
  };
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

/** Looks now and then who would be billed for a job of the first login. */
function payerWatch(
  config: Config,
  { log, metrics, onChange }: KeepSurroundings,
): Chore & { effective(): Effective | null } {
  let known: Effective | null = null;
  return {
    every: MINUTE,
    effective: () => known,
    async run() {
      const { report } = await statusIn(config, config.logins.slice(0, 1), Date.now());
      const before = known;
      known = report.effective;
      if (before === null || before.billing === known.billing) return;
      metrics.payerChanged();
      const message = `jobs were billed to ${before.billing} (${before.source}), now to ${known.billing} (${known.source})`;
      log({ level: "warn", code: "credential_shadowed", message });
      onChange();
    },
  };
}

/** Counts the jobs that others ran, from the history. */
function runCounter({ stateDir }: Config, metrics: KeepMetrics): Chore {
  let since = Date.now();
  return {
    every: MINUTE,
    async run() {
      const entries = await readHistory(stateDir, { since, limit: 20_000 });
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
