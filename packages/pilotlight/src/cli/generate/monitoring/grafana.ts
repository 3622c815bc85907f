import type { Kind } from "../generated.ts";

/** A dashboard for Grafana. */
export const grafana: Kind = {
  options: [],
  make: () => ({
    files: [
      {
        path: "pilotlight-dashboard.json",
        text: `${JSON.stringify(dashboard(), null, 2)}\n`,
      },
    ],
    notes: ["then: import it in Grafana (Dashboards, New, Import); not run here"],
  }),
};

/** A query, and how its lines are named. */
type Query = readonly [expr: string, legend: string];

interface Panel {
  readonly title: string;
  readonly type: "stat" | "timeseries";
  readonly unit: string;
  readonly queries: readonly Query[];
}

const LOGIN = "{{login}}";

const rate = (name: string, by: string) => `sum by (${by}) (increase(${name}[$__rate_interval]))`;
const most = (name: string, by: string) =>
  `histogram_quantile(0.95, sum by (${by}) (rate(${name}_bucket[$__rate_interval])))`;

const PANELS: readonly Panel[] = [
  {
    title: "Health",
    type: "stat",
    unit: "none",
    queries: [["pilotlight_login_health == 1", "{{login}}: {{health}}"]],
  },
  {
    title: "Login ends in",
    type: "stat",
    unit: "s",
    queries: [["pilotlight_login_end_timestamp_seconds - time()", LOGIN]],
  },
  {
    title: "Access token ends in",
    type: "timeseries",
    unit: "s",
    queries: [["pilotlight_access_token_expiry_timestamp_seconds - time()", LOGIN]],
  },
  {
    title: "Phase and proof",
    type: "stat",
    unit: "none",
    queries: [
      ["pilotlight_login_phase == 1", "{{login}}: {{phase}}"],
      ["pilotlight_login_verdict == 1", "{{login}}: {{verdict}}"],
    ],
  },
  {
    title: "Usable, in doubt, failures in a row",
    type: "timeseries",
    unit: "none",
    queries: [
      ["pilotlight_login_usable", "{{login}} usable"],
      ["pilotlight_login_in_doubt", "{{login}} in doubt"],
      ["pilotlight_login_failures", "{{login}} failures"],
    ],
  },
  {
    title: "Since the last look and the last renewal; to the next attempt",
    type: "timeseries",
    unit: "s",
    queries: [
      ["time() - pilotlight_login_last_look_timestamp_seconds", "{{login}} look"],
      ["time() - pilotlight_login_last_renewal_timestamp_seconds", "{{login}} renewal"],
      ["pilotlight_login_next_attempt_timestamp_seconds - time()", "{{login}} next attempt"],
    ],
  },
  {
    title: "Refreshes",
    type: "timeseries",
    unit: "short",
    queries: [
      [
        rate("pilotlight_refresh_attempts_total", "login, driver, code"),
        "{{login}} {{driver}} {{code}}",
      ],
    ],
  },
  {
    title: "How long a refresh and its lock take (95 of 100)",
    type: "timeseries",
    unit: "s",
    queries: [
      [most("pilotlight_refresh_duration_seconds", "le, driver"), "refresh by {{driver}}"],
      [most("pilotlight_lock_wait_seconds", "le"), "lock"],
    ],
  },
  {
    title: "Runs",
    type: "timeseries",
    unit: "short",
    queries: [[rate("pilotlight_child_runs_total", "verdict"), "{{verdict}}"]],
  },
  {
    title: "Who pays",
    type: "stat",
    unit: "none",
    queries: [
      ["pilotlight_payer == 1", "{{instance}}: {{billing}}"],
      ["increase(pilotlight_payer_changes_total[1d])", "changes in a day"],
    ],
  },
  {
    title: "The keeper",
    type: "timeseries",
    unit: "short",
    queries: [
      ["time() - pilotlight_keeper_last_tick_timestamp_seconds", "{{instance}} last round, s ago"],
      ["pilotlight_keeper_ticking", "{{instance}} turns"],
      ["pilotlight_process_open_fds", "{{instance}} open files"],
      ["rate(pilotlight_process_cpu_seconds_total[$__rate_interval])", "{{instance}} CPU"],
    ],
  },
  {
    title: "Memory and version",
    type: "timeseries",
    unit: "bytes",
    queries: [
      [
        "pilotlight_process_resident_memory_bytes * on (job, instance) group_left (version, node) pilotlight_build_info",
        "{{instance}} {{version}}, Node {{node}}",
      ],
    ],
  },
  {
    title: "Alerts",
    type: "timeseries",
    unit: "none",
    queries: [
      [
        "sum by (channel, kind, outcome) (increase(pilotlight_alerts_total[$__rate_interval]))",
        "{{channel}}: {{kind}} {{outcome}}",
      ],
      ["pilotlight_alert_channel_failing", "{{channel}} fails"],
    ],
  },
];

const [COLUMNS, WIDTH, HEIGHT] = [3, 8, 8];

function dashboard() {
  return {
    uid: "pilotlight",
    title: "Pilotlight",
    description: "Made by pilotlight generate grafana; not run here.",
    tags: ["pilotlight"],
    schemaVersion: 39,
    version: 1,
    refresh: "1m",
    time: { from: "now-24h", to: "now" },
    templating: {
      list: [{ name: "source", label: "Prometheus", type: "datasource", query: "prometheus" }],
    },
    panels: PANELS.map(printPanel),
  };
}

function printPanel({ title, type, unit, queries }: Panel, index: number) {
  const place = { x: (index % COLUMNS) * WIDTH, y: Math.floor(index / COLUMNS) * HEIGHT };
  const datasource = { type: "prometheus", uid: "${source}" };
  return {
    id: index + 1,
    title,
    type,
    datasource,
    gridPos: { ...place, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit }, overrides: [] },
    // What is 1 says nothing; its labels do.
    options: type === "stat" ? { textMode: unit === "none" ? "name" : "value_and_name" } : {},
    targets: queries.map(([expr, legendFormat], number) => ({
      refId: "ABCD"[number],
      datasource,
      expr,
      legendFormat,
      instant: type === "stat",
    })),
  };
}
