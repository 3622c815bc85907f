/** One metric of `keep`. Labels never hold a path, a token or an e-mail address. */
export interface MetricRow {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Of a histogram: upper bounds in seconds. */
  readonly buckets?: readonly number[];
}

const GAUGES = {
  buildInfo: {
    name: "pilotlight_build_info",
    help: "1, labelled with the versions of Pilotlight and Node",
    labels: ["version", "node"],
  },
  ticking: {
    name: "pilotlight_keeper_ticking",
    help: "1 while the keeper's loop turns, 0 when it stands still",
    labels: [],
  },
  lastTick: {
    name: "pilotlight_keeper_last_tick_timestamp_seconds",
    help: "When the keeper's loop last turned",
    labels: [],
  },
  phase: {
    name: "pilotlight_login_phase",
    help: "1 for the phase a login is in, 0 for every other",
    labels: ["login", "phase"],
  },
  health: {
    name: "pilotlight_login_health",
    help: "1 for how a login is, 0 for every other word",
    labels: ["login", "health"],
  },
  verdict: {
    name: "pilotlight_login_verdict",
    help: "1 for what is known of the server's word on the access token, 0 for every other",
    labels: ["login", "verdict"],
  },
  usable: {
    name: "pilotlight_login_usable",
    help: "1 while a job that starts now could use the login",
    labels: ["login"],
  },
  expiry: {
    name: "pilotlight_access_token_expiry_timestamp_seconds",
    help: "When the access token ends, as the store says",
    labels: ["login"],
  },
  loginEnd: {
    name: "pilotlight_login_end_timestamp_seconds",
    help: "When the login itself ends, which only a sign-in moves",
    labels: ["login"],
  },
  lastLook: {
    name: "pilotlight_login_last_look_timestamp_seconds",
    help: "When the keeper last looked at the login",
    labels: ["login"],
  },
  lastRenewal: {
    name: "pilotlight_login_last_renewal_timestamp_seconds",
    help: "When a new generation of the login last came, by whomever, since the keeper started",
    labels: ["login"],
  },
  nextAttempt: {
    name: "pilotlight_login_next_attempt_timestamp_seconds",
    help: "When the keeper will try to renew the login next",
    labels: ["login"],
  },
  failures: {
    name: "pilotlight_login_failures",
    help: "Attempts to renew the login that failed in a row",
    labels: ["login"],
  },
  inDoubt: {
    name: "pilotlight_login_in_doubt",
    help: "1 while a refresh was sent whose answer was never seen",
    labels: ["login"],
  },
  payer: {
    name: "pilotlight_payer",
    help: "1 for who pays for what Claude Code does here, 0 for every other",
    labels: ["billing"],
  },
  residentMemory: {
    name: "pilotlight_process_resident_memory_bytes",
    help: "Resident memory of the keeper",
    labels: [],
  },
  openFds: {
    name: "pilotlight_process_open_fds",
    help: "Open file descriptors of the keeper",
    labels: [],
  },
} as const;

const COUNTERS = {
  cpu: {
    name: "pilotlight_process_cpu_seconds_total",
    help: "CPU time of the keeper, user and system",
    labels: [],
  },
  payerChanges: {
    name: "pilotlight_payer_changes_total",
    help: "How often another one began to pay",
    labels: [],
  },
  attempts: {
    name: "pilotlight_refresh_attempts_total",
    help: "Attempts to renew a login: refreshed, adopted, unchanged, or the error code",
    labels: ["login", "driver", "code"],
  },
  childRuns: {
    name: "pilotlight_child_runs_total",
    help: "Supervised runs of a child, by how they ended",
    labels: ["verdict"],
  },
} as const;

const HISTOGRAMS = {
  refresh: {
    name: "pilotlight_refresh_duration_seconds",
    help: "Time of an attempt to renew a login",
    labels: ["driver"],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 150],
  },
  lockWait: {
    name: "pilotlight_lock_wait_seconds",
    help: "Time until the locks of a login could be had",
    labels: [],
    buckets: [0.01, 0.1, 1, 5, 10, 30, 60, 120, 180],
  },
} as const;

export type GaugeKey = keyof typeof GAUGES;
export const METRICS = { gauges: GAUGES, counters: COUNTERS, histograms: HISTOGRAMS } as const;

/** All that `/metrics` of `keep` shows. */
export const KEEP_METRICS: readonly MetricRow[] = [
  ...Object.values(GAUGES).map((row) => ({ ...row, type: "gauge" as const })),
  ...Object.values(COUNTERS).map((row) => ({ ...row, type: "counter" as const })),
  ...Object.values(HISTOGRAMS).map((row) => ({ ...row, type: "histogram" as const })),
];
